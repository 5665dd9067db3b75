"""The steward's loop: follow the mounted files, converge what follows from them, publish the health."""

import json
import subprocess
import time
from dataclasses import asdict

import psycopg2
import yaml

from . import certificates, files, health, log, paths, postmaster
from .cluster import ensure_cluster_config, hasten
from .description import DescriptionError, Node, Secrets, read_node, read_secrets
from .etcd_access import ensure_access
from .patroni_config import node_config
from .peer_http import PeerError
from .roles import ensure_roles

CONVERGE = 30
"""Seconds between two looks of a leader at the cluster's configuration and users; a change is seen at once."""

CERTIFICATE = 7
"""Seconds after which Patroni, which reloads in its own rounds of 5 s, should show a new certificate."""


class Steward:
    def __init__(self) -> None:
        self._said = ""
        self._access_for = ""
        self._converged_for = ""
        self._converge_at = 0.0
        self._patroni_up = False
        self._reload = False
        self._certificate_due = float("inf")

    def look(self, ended: bool) -> health.Health:
        """One round; `ended` when PostgreSQL has just gone.

        A fault of a round is said once, and the next round tries again.
        """
        durability = "quorum"
        try:
            node, secrets = read_node(), read_secrets()
            durability = node.durability
            if ended:
                # A crash: found by Patroni's own round only after loop_wait / 2 on average.
                hasten(node, secrets)
            self._follow_files(node, secrets)
            found = health.observe(durability)
            if found.leads:
                self._converge(node, secrets)
            if found.joining:
                hasten(node, secrets)
            self._say("")
        except (DescriptionError, PeerError, psycopg2.Error) as error:
            self._say(str(error).strip())
            found = health.observe(durability)
        return found

    def _follow_files(self, node: Node, secrets: Secrets) -> None:
        if certificates.install_server_certificate():
            certificates.reload_postgresql()
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
            _tell_patroni("-u")
            self._patroni_up = True
            self._reload = False

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
        ensure_roles(node, secrets)
        self._converged_for = described
        self._converge_at = time.monotonic() + CONVERGE

    def _say(self, problem: str) -> None:
        if problem and problem != self._said:
            log.warn(problem)
        self._said = problem


def main() -> None:
    steward = Steward()
    before = ""
    ended = False
    while True:
        found = steward.look(ended)
        health.publish(found)
        if found.why != before:
            (log.info if found.healthy else log.warn)(found.why)
            before = found.why
        # A node on its way up is looked at more often, since somebody waits for it.
        ended = postmaster.ends_within(1 if found.joining else 2 if found.healthy else 0.5)


def _tell_patroni(signal: str) -> None:
    subprocess.run(["s6-svc", signal, paths.PATRONI_SERVICE], check=True)


def _digest(node: Node, secrets: Secrets) -> str:
    return json.dumps([asdict(node), asdict(secrets)], sort_keys=True)


if __name__ == "__main__":
    main()
