"""The steward's loop: follow the mounted files, converge what follows from them, publish the health."""

import json
import subprocess
import time
from dataclasses import asdict, replace
from typing import Callable

import psycopg2
import yaml

from portico_node import files, log

from . import certificates, health, paths, postmaster, rewinding, rival
from .cluster import ensure_cluster_config, hasten
from .description import DescriptionError, Node, Secrets, read_node, read_secrets
from .etcd_access import ensure_access
from .etcd_leader import give_away
from .founding import finish
from .patroni_config import node_config
from .peer_http import PeerError
from .roles import ensure_roles
from .stranded import Stranded

CONVERGE = 30
"""Seconds between two looks of a leader at the cluster's configuration and users; a change is seen at once."""

CERTIFICATE = 7
"""Seconds after which Patroni, which reloads in its own rounds of 5 s, should show a new certificate."""

RIVAL = 5
"""Seconds between two looks of a replica at whether its history is the leader's."""


class Steward:
    """
    What it owes is owed until it is done, whatever fails meanwhile. A steward that starts owes both reloads: the one before it may
    have died between writing a file and telling of it, and to be told twice harms nobody.
    """

    def __init__(self) -> None:
        self._said: dict[str, str] = {}
        self._access_for = ""
        self._converged_for = ""
        self._converge_at = 0.0
        self._patroni_up = False
        self._reload = True
        self._reload_server = True
        self._hasten = False
        self._alarms: list[str] = []
        self._failed: list[Exception] = []
        self._certificate_due = float("inf")
        self._rival_due = 0.0
        self._stranded = Stranded()

    def look(self, ended: bool) -> health.Health:
        """One round; `ended` when PostgreSQL has just gone.

        A fault of a step is said once, holds up no other step, and the next round tries again.
        """
        self._failed = []
        try:
            found = self._look(ended)
        except Exception as error:  # As in a step.
            found = health.Health(False, "")
            self._failed.append(error)
        for fault in self._failed:
            found = health.failing(found, fault)
        return found

    def _look(self, ended: bool) -> health.Health:
        # A crash: found by Patroni's own round only after loop_wait / 2 on average.
        self._hasten |= ended
        try:
            node, secrets = read_node(), read_secrets()
        except DescriptionError as error:
            self._say("description", str(error))
            return health.observe("quorum")
        self._say("description", "")
        if ended:
            # Before Patroni is woken, and makes a replica of it.
            self._try("promotion", lambda: rival.note_end(node))
        self._try("etcd's files", lambda: _give_etcd(secrets))
        self._try("Patroni", lambda: self._wake_patroni(node, secrets))
        self._try("files", lambda: self._follow_files(node, secrets))
        found = health.observe(node.durability)
        if found.joining:
            self._hasten = True
            self._try("Patroni", lambda: self._wake_patroni(node, secrets))
        if found.healthy:
            self._try("founding", lambda: finish(node, secrets))
        self._try("history", lambda: self._look_for_rival(node, secrets, found))
        self._try("rewind", lambda: rewinding.look(node, secrets))
        self._try("WAL", lambda: self._stranded.look(node, secrets, found))
        if found.leads:
            self._try("etcd's leader", lambda: give_away(node, secrets))
            self._try("cluster", lambda: self._converge(node, secrets))
        else:
            # The leader's steward looks after it.
            self._alarms = []
            self._converged_for = ""
        return replace(found, why="; ".join([found.why, *self._alarms]))

    def _try(self, what: str, step: Callable[[], None]) -> None:
        try:
            step()
            self._say(what, "")
        except (DescriptionError, PeerError, psycopg2.Error, OSError, subprocess.SubprocessError) as error:
            self._say(what, str(error).strip() or repr(error))
        except Exception as error:
            # A bug of ours must not end the other steps, nor pass unseen.
            self._failed.append(error)

    def _look_for_rival(self, node: Node, secrets: Secrets, found: health.Health) -> None:
        """A replica asks etcd and the leader: at once, and then no more often than it has to."""
        now = time.monotonic()
        if found.follows and now < self._rival_due:
            return
        self._rival_due = now + RIVAL if found.follows else 0.0
        rival.look(node, secrets, found)

    def _wake_patroni(self, node: Node, secrets: Secrets) -> None:
        if self._hasten:
            hasten(node, secrets)
            self._hasten = False

    def _follow_files(self, node: Node, secrets: Secrets) -> None:
        self._reload_server |= certificates.install_server_certificate()
        if self._reload_server:
            certificates.reload_postgresql()
            self._reload_server = False
        new_certificate = certificates.install_peer_certificate()
        config = yaml.safe_dump(node_config(node, secrets), sort_keys=False)
        self._reload |= files.write(paths.PATRONI_CONFIG, config) or new_certificate
        if self._patroni_up:
            self._reload_patroni(new_certificate)
        described = _digest(node, secrets)
        if self._access_for != described:
            ensure_access(node, secrets)
            self._access_for = described
        if not self._patroni_up:
            # Only now: before, Patroni would meet an etcd that lets in nobody, or anybody.
            # One that starts reads what is there, and isn't ready for a signal yet.
            self._reload = _patroni_runs()
            _tell_patroni("-u")
            self._patroni_up = True

    def _reload_patroni(self, new_certificate: bool) -> None:
        """Patroni doesn't look at its certificate in a reload that changes its configuration as well (4.0.7)."""
        now = time.monotonic()
        if now > self._certificate_due:
            if certificates.patroni_shows_certificate():
                self._certificate_due = float("inf")
            else:
                self._reload = new_certificate = True
        if new_certificate:
            self._certificate_due = now + CERTIFICATE
        if self._reload:
            log.info("Patroni reloads its configuration and certificates")
            _tell_patroni("-h")
            self._reload = False

    def _converge(self, node: Node, secrets: Secrets) -> None:
        described = _digest(node, secrets)
        if self._converged_for == described and time.monotonic() < self._converge_at:
            return
        ensure_cluster_config(node, secrets)
        alarms = ensure_roles(node, secrets)
        for alarm in alarms:
            if alarm not in self._alarms:
                log.error(alarm, alarm=True)
        self._alarms = alarms
        self._converged_for = described
        self._converge_at = time.monotonic() + CONVERGE

    def _say(self, what: str, problem: str) -> None:
        if problem and problem != self._said.get(what):
            log.warn(problem)
        self._said[what] = problem


def main() -> None:
    steward = Steward()
    said = ""
    ended = False
    while True:
        found = steward.look(ended)
        said = health.tell(found, said)
        # A node on its way up is looked at more often, since somebody waits for it.
        ended = postmaster.ends_within(1 if found.joining else 2 if found.healthy else 0.5)


def _give_etcd(secrets: Secrets) -> None:
    """What etcd reads, by each handshake or when it starts. node.json last, for which it waits."""
    pair = certificates.fitting_peer_pair(f"{paths.FOR_ETCD}/peer.crt", f"{paths.FOR_ETCD}/peer.key")
    shared = {
        **({"peer.crt": pair[0], "peer.key": pair[1]} if pair else {}),
        "ca.crt": files.read(paths.CA),
        "secrets.json": json.dumps({"etcdRoot": secrets.etcdRoot}),
        "node.json": files.read(f"{paths.NODE}/node.json"),
    }
    for name, content in shared.items():
        if content is not None:
            files.write(f"{paths.FOR_ETCD}/{name}", content, 0o640)


def _tell_patroni(signal: str) -> None:
    subprocess.run(["s6-svc", signal, paths.PATRONI_SERVICE], check=True)


def _patroni_runs() -> bool:
    asked = ["s6-svstat", "-o", "up", paths.PATRONI_SERVICE]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip() == "true"


def _digest(node: Node, secrets: Secrets) -> str:
    return json.dumps([asdict(node), asdict(secrets)], sort_keys=True)


if __name__ == "__main__":
    main()
