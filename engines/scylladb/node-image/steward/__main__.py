"""The first process of the container: starts the server, looks after it, and ends with it."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import asdict
from types import FrameType

import yaml

from portico_node import files, log

from . import access, certificates, cql, entry, health, java, paths
from .config import server_config
from .description import DescriptionError, Node, Secrets, read_node, read_secrets

EVERY = 2
"""Seconds between two looks."""
PASSWORDS = 20
"""Seconds between two looks at the passwords; a change of what is described is seen at once."""


class Steward:
    def __init__(self) -> None:
        self._converged_for = ""
        self._look_again = 0.0
        self._login: cql.Login | None = None
        self._alarms: list[str] = []

    def look(self) -> health.Health:
        try:
            node, secrets = read_node(), read_secrets()
            certificates.install_peer_certificate()
            return self._ask(node, secrets)
        except (DescriptionError, access.Incomplete, cql.Refused, *cql.Failed) as error:
            return health.Health(False, " ".join(str(error).split()))
        except Exception as error:  # The server ends with this process: whatever it is, the next look tries again.
            return health.failing(health.Health(False, ""), error)

    def _ask(self, node: Node, secrets: Secrets) -> health.Health:
        try:
            peers = self._peers(node, secrets)
        except cql.Refused:
            # The first one forms the ring: two at once would only repeat each other.
            if node.ordinal != 0:
                raise
            access.form(node, secrets)
            self._converged_for = ""
            self._converge(node, secrets)
            peers = self._peers(node, secrets)
        self._converge(node, secrets)
        entry.settle()
        return health.Health(True, "; ".join([f"CQL answers; {peers + 1} nodes in the ring", *self._alarms]))

    def _converge(self, node: Node, secrets: Secrets) -> None:
        described = json.dumps([asdict(node), asdict(secrets)], sort_keys=True)
        anew, now = self._converged_for != described, time.monotonic()
        if anew and node.ordinal == 0:
            alarms = access.converge(node, secrets)
        elif anew or now > self._look_again:
            alarms = self._look_at_passwords(node, secrets)
        else:
            return
        self._converged_for, self._look_again = described, now + PASSWORDS
        for alarm in alarms:
            if alarm not in self._alarms and "by hand" in alarm:
                log.error(alarm, alarm=True)
        self._alarms = alarms

    def _look_at_passwords(self, node: Node, secrets: Secrets) -> list[str]:
        """Where no majority is left, the nodes that are let their clients in all the same."""
        try:
            return access.look(node, secrets)
        except (cql.Refused, *cql.Failed) as error:
            return [f"whether passwords were changed by hand can't be told: {' '.join(str(error).split())}"]

    def _peers(self, node: Node, secrets: Secrets) -> int:
        if self._login is None:
            self._login = cql.Login(node.address, access.PORTAL, secrets.portal)
        try:
            return len(self._login.peers())
        except Exception:  # Whatever it is, this session is not to be relied on.
            login, self._login = self._login, None
            login.close()
            raise


def main() -> None:
    lock = open(paths.LOCK, "w", encoding="ascii")
    try:
        # Two containers on one volume would destroy the data.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.error("another container uses the volume: not started")
        sys.exit(1)
    try:
        server = start()
    except Exception as error:
        log.error(f"Cassandra is not started: {error!r}", alarm=True, trace=traceback.format_exc())
        sys.exit(1)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.terminate()

    signal.signal(signal.SIGTERM, stop)
    steward, said = Steward(), ""
    while server.poll() is None:
        said = health.tell(steward.look(), said)
        try:
            server.wait(EVERY)
        except subprocess.TimeoutExpired:
            pass
    log.info("Cassandra has ended", code=server.returncode)
    sys.exit(max(server.returncode, 0))


def start() -> "subprocess.Popen[bytes]":
    try:
        node, secrets = read_node(), read_secrets()
    except DescriptionError as error:
        log.error(str(error))
        sys.exit(1)
    shutil.rmtree(paths.SCRATCH, ignore_errors=True)
    os.mkdir(paths.SCRATCH, 0o700)
    certificates.install_peer_certificate()
    way = entry.entry_of(node, secrets)
    files.write(paths.CONFIG, yaml.safe_dump(server_config(node, way), sort_keys=False))
    log.info(f"starts Apache Cassandra in ScyllaDB's place, as {way.kind}")
    return subprocess.Popen(java.server_command(node, way), cwd=paths.SCRATCH)


if __name__ == "__main__":
    main()
