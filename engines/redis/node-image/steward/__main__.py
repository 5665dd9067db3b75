"""The steward's loop: write what follows from the mounted files, and make the server what the Sentinels say."""

import os
import secrets as random
import subprocess
import threading
import time
import traceback
from collections import Counter
from dataclasses import replace

import redis

from portico_node import files, log

from . import health, paths, signs
from .decide import Act, Follow, HandOver, Lead, Scene, Stay, Step, decide
from .description import DescriptionError, Node, Secrets, read_node, read_secrets
from .health import Health
from .passwords import Passwords
from .peers import Peers, attempt
from .sentinel import Sentinel
from .sentinel_config import FAILOVER_MS
from .server_config import NOBODY, priority, server_config
from .users import server_users

ROUND = 0.5
HURRY = 0.1
"""Seconds between two looks: usually, and while something is to change."""
ORDER = 5
"""Seconds between two orders to choose another leader."""
LOGIN = 10
"""Seconds that a connection has for its login: the server itself would wait for ever."""


class Steward:
    def __init__(self, node: Node, secrets: Secrets, sentinel: Sentinel, wake: threading.Event) -> None:
        self._node = node
        self._secrets = secrets
        self._sentinel = sentinel
        self._cluster = _read_cluster()
        self._peers = Peers(node, secrets)
        self._led_epoch: int | None = None
        self._votes: tuple[int, ...] = ()
        self._voted_at = time.monotonic()
        self._ordered_at = -float(ORDER)
        self._ended = threading.Event()
        self._deaf = signs.listen(node, secrets, self._ended, wake.set)

    def look(self) -> tuple[Scene, Act]:
        """One round."""
        self._sentinel.look()
        self._end_strangers()
        words, selves = self._peers.ask()
        self._sentinel.leave_lost(words.get(self._node.name), selves)
        votes = tuple(word.voted_epoch for _, word in sorted(words.items()))
        if votes != self._votes:
            self._votes, self._voted_at = votes, time.monotonic()
        settled = time.monotonic() - self._voted_at > 2 * FAILOVER_MS / 1000
        scene = Scene(self._node, self._cluster, words, selves, self._led_epoch, settled)
        act = decide(scene)
        self._remember(scene)
        self._carry_out(act)
        return scene, act

    def deaf(self) -> list[str]:
        """Why it doesn't hear what some Sentinel says."""
        return sorted(self._deaf.copy().values())

    def end(self) -> None:
        self._ended.set()
        self._peers.close()

    def _end_strangers(self) -> None:
        """Until it has logged in as somebody, a connection is of the user `default`. Nobody can log in as that one."""
        own = self._peers.own
        attempt(lambda: own.execute_command("CLIENT", "KILL", "USER", "default", "MAXAGE", LOGIN))

    def _remember(self, scene: Scene) -> None:
        for named, count in Counter((word.leader, word.epoch) for word in scene.words.values()).items():
            if count >= self._node.majority:
                self._sentinel.agreed(*named)
        own = scene.selves.get(self._node.name)
        if own is not None and self._cluster is not None and own.cluster != self._cluster:
            self._tell_cluster()
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
        self._tell_cluster()

    def _tell_cluster(self) -> None:
        """The server tells it to others. Where it doesn't yet, it is told again."""
        zone = ("availability-zone", self._cluster, "replica-priority", priority(self._cluster))
        self._peers.own.execute_command("CONFIG", "SET", *zone)

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


def _start(node: Node, secrets: Secrets, sentinel: Sentinel, anew: bool) -> None:
    """
    Brings both services up. Can be repeated from any point at which it failed. One that runs already, beside a steward that was
    replaced, goes on as it is, unless `anew`: then the Sentinel begins again. The server gets what has changed without a restart.
    """
    os.makedirs(paths.DATA, mode=0o700, exist_ok=True)
    files.write(paths.USERS, server_users(node, secrets))
    files.write(paths.SERVER_CONFIG, server_config(node, secrets, _read_cluster()))
    subprocess.run(["s6-svc", "-u", paths.SERVER_SERVICE], check=True)
    sentinel.start(anew)


def _concerns_sentinel(before: tuple[Node, Secrets] | None, now: tuple[Node, Secrets]) -> bool:
    """The application's password is none of Sentinel's: nothing begins again for it."""
    return before is not None and (before[0], replace(before[1], app=now[1].app)) != now


def _end(failed: threading.ExceptHookArgs) -> None:
    """Nobody would miss a thread that ended. So all of the steward ends, and the supervisor starts it anew."""
    try:
        trace = "".join(traceback.format_exception(failed.exc_value))
        log.error(f"the steward ends and begins again, since a thread of it failed: {failed.exc_value!r}", alarm=True, trace=trace)
    finally:
        os._exit(1)


def main() -> None:
    threading.excepthook = _end
    wake = threading.Event()
    steward: Steward | None = None
    described: tuple[Node, Secrets] | None = None
    passwords = Passwords()
    said = ""
    while True:
        wake.clear()
        rest = ROUND
        try:
            now = read_node(), read_secrets()
            if now != described:
                sentinel = Sentinel(*now)
                _start(*now, sentinel, _concerns_sentinel(described, now) or passwords.differ(now[1]))
                if steward:
                    steward.end()
                steward, described = Steward(*now, sentinel, wake), now
            assert steward is not None
            owed = passwords.give(*now)
            scene, act = steward.look()
            found = health.judge(scene)
            missing = [*([] if owed is None else [owed]), *steward.deaf()]
            if missing:
                found = Health(False, "; ".join([found.why, *missing]))
            if not found.healthy or not isinstance(act, Stay):
                rest = HURRY
            # What it is to be is said only while it isn't.
            found = found if found.healthy else Health(False, f"{found.why}; {act.why}")
        except (DescriptionError, redis.RedisError, OSError, subprocess.SubprocessError) as error:
            found = Health(False, str(error).strip())
        except Exception as error:  # A fault of ours must not end the loop: whatever it is, the next round tries again.
            found = health.failing(Health(False, ""), error)
        said = health.tell(found, said)
        wake.wait(rest)


if __name__ == "__main__":
    main()
