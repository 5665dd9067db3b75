"""The steward's loop: write what follows from the mounted files, and make the server what the Sentinels say."""

import json
import os
import secrets as random
import subprocess
import threading
import time

import redis

from . import files, health, log, paths, signs
from .decide import Act, Follow, HandOver, Lead, Scene, Stay, Step, decide
from .description import DescriptionError, Node, Secrets, read_node, read_secrets
from .peers import SENTINEL, Peers, attempt, client, word_of
from .sentinel_config import FAILOVER_MS, Term, first_term, read_term, readdressed, sentinel_config
from .server_config import NOBODY, priority, server_config
from .users import server_users

ROUND = 0.5
HURRY = 0.1
"""Seconds between two looks: usually, and while something is to change."""
ORDER = 5
"""Seconds between two orders to choose another leader."""


class Steward:
    def __init__(self, node: Node, secrets: Secrets, wake: threading.Event) -> None:
        self._node = node
        self._secrets = secrets
        self._cluster = _read_cluster()
        self._peers = Peers(node, secrets)
        self._led_epoch: int | None = None
        self._votes: tuple[int, ...] = ()
        self._voted_at = time.monotonic()
        self._ordered_at = -float(ORDER)
        self._ended = threading.Event()
        signs.listen(node, secrets, self._ended, wake.set)

    def look(self) -> tuple[Scene, Act]:
        """One round."""
        words, selves = self._peers.ask()
        votes = tuple(word.voted_epoch for _, word in sorted(words.items()))
        if votes != self._votes:
            self._votes, self._voted_at = votes, time.monotonic()
        settled = time.monotonic() - self._voted_at > 2 * FAILOVER_MS / 1000
        scene = Scene(self._node, self._cluster, words, selves, self._led_epoch, settled)
        act = decide(scene)
        self._remember(scene)
        self._carry_out(act)
        return scene, act

    def end(self) -> None:
        self._ended.set()
        self._peers.close()

    def _remember(self, scene: Scene) -> None:
        own = scene.selves.get(self._node.name)
        if own is None or not own.leads:
            self._led_epoch = None
            self._adopt(scene)
            return
        naming = [word.epoch for word in scene.words.values() if word.leader == self._node.address]
        if len(naming) >= self._node.majority:
            self._led_epoch = max(naming)

    def _adopt(self, scene: Scene) -> None:
        """A replica that has received everything has the data of its leader's cluster."""
        own = scene.selves.get(self._node.name)
        if self._cluster is not None or own is None or not own.linked:
            return
        leader = scene.selves.get(self._node.name_at(own.leader))
        if leader is not None and leader.cluster:
            self._keep(leader.cluster)

    def _keep(self, cluster: str) -> None:
        files.write(paths.CLUSTER, cluster)
        self._cluster = cluster
        files.write(paths.SERVER_CONFIG, server_config(self._node, self._secrets, cluster))
        own = self._peers.own
        own.execute_command("CONFIG", "SET", "availability-zone", cluster, "replica-priority", priority(cluster))

    def _carry_out(self, act: Act) -> None:
        own = self._peers.own
        match act:
            case Lead(founds=founds):
                if founds:
                    self._keep(random.token_hex(8))
                own.execute_command("REPLICAOF", "NO", "ONE")
            case Follow(leader=leader):
                _become_replica(own, leader, 6379)
            case Step():
                _become_replica(own, *NOBODY)
            case HandOver() if time.monotonic() - self._ordered_at > ORDER:
                self._ordered_at = time.monotonic()
                self._peers.ask_for_failover()


def _become_replica(own: redis.Redis, host: str, port: int) -> None:
    """Ends the clients' connections in the same moment, so that none of them meets a server that takes no writes."""
    together = own.pipeline(transaction=True)
    together.execute_command("REPLICAOF", host, port)
    for kind in ("normal", "pubsub"):
        together.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
    together.execute()


def _read_cluster() -> str | None:
    found = files.read(paths.CLUSTER)
    return found.decode().strip() or None if found else None


def _prepare(node: Node, secrets: Secrets) -> None:
    os.makedirs(paths.DATA, mode=0o700, exist_ok=True)
    files.write(paths.USERS, server_users(node, secrets))
    files.write(paths.SERVER_CONFIG, server_config(node, secrets, _read_cluster()))
    term = _kept_term(node) or first_term(node, _terms_of_others(node, secrets))
    files.write(paths.SENTINEL_CONFIG, sentinel_config(node, secrets, term))
    files.write(paths.MEMBERS, json.dumps(dict(node.members)))


def _kept_term(node: Node) -> Term | None:
    kept, members = files.read(paths.SENTINEL_CONFIG), files.read(paths.MEMBERS)
    term = read_term(kept.decode(errors="replace"), node.scope) if kept else None
    return readdressed(term, json.loads(members or b"{}"), node.members) if term else None


def _terms_of_others(node: Node, secrets: Secrets) -> list[Term]:
    others = [at for name, at in node.members.items() if name != node.name]
    words = [word_of(client(at, SENTINEL, secrets), node.scope) for at in others]
    return [Term(w.leader, w.epoch, w.voted_epoch, w.epoch) for w in words if w is not None]


def _service(service: str, *options: str) -> None:
    subprocess.run(["s6-svc", *options, service], check=True)


def _start(node: Node, secrets: Secrets, before: Secrets | None) -> None:
    """Brings both services up, or gives them what has changed: the server without a restart."""
    if before is None:
        _prepare(node, secrets)
        # One that runs already, beside a steward that was replaced, has what it needs.
        for service in (paths.SERVER_SERVICE, paths.SENTINEL_SERVICE):
            _service(service, "-u")
        return
    _service(paths.SENTINEL_SERVICE, "-wd", "-T", "5000", "-d")
    _prepare(node, secrets)
    _service(paths.SENTINEL_SERVICE, "-u")
    own = client(node.address, 6379, before)
    attempt(lambda: own.execute_command("CONFIG", "SET", "masterauth", secrets.replication))
    attempt(lambda: own.execute_command("ACL", "LOAD"))


def main() -> None:
    wake = threading.Event()
    steward: Steward | None = None
    described: tuple[Node, Secrets] | None = None
    said = ""
    while True:
        wake.clear()
        rest = ROUND
        try:
            now = read_node(), read_secrets()
            if now != described:
                _start(*now, described[1] if described else None)
                if steward:
                    steward.end()
                steward, described = Steward(*now, wake), now
            assert steward is not None
            scene, act = steward.look()
            healthy, why = health.judge(scene)
            if not healthy or not isinstance(act, Stay):
                rest = HURRY
            # What it is to be is said only while it isn't.
            why = why if healthy else f"{why}; {act.why}"
        except (DescriptionError, redis.RedisError, OSError) as error:
            healthy, why = False, str(error).strip()
        health.publish(healthy, why)
        if why != said:
            (log.info if healthy else log.warn)(why)
            said = why
        wake.wait(rest)


if __name__ == "__main__":
    main()
