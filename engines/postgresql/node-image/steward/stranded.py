"""
A replica that needs WAL which its leader no longer has: one that was away for long, or a former leader after pg_rewind.

PostgreSQL asks for such a file for ever, and Patroni (4.0.7) waits with it; of pg_rewind's it says that it starts. pg_rewind (17.12) removes
WAL files between the beginning of the last common checkpoint, from which a server must read, and its end.
"""

import os
import re
import time
from typing import Any

import psycopg2

from . import paths
from .description import Node, Secrets
from .health import Health
from .leader import ask_leader_of_same_data, copy_anew

PATIENCE = 30
"""Seconds for which a server waits for one WAL file before the leader is asked for its oldest."""

LOOK = 5
"""Seconds between two looks at a node that isn't healthy."""

_READS = re.compile(rb"^postgres: (?:[^:]+: )?startup (waiting for|recovering) ([0-9A-F]{24})")
"""PostgreSQL's own title of the process that reads WAL, on a server with or without a `cluster_name`."""

_HAS_ALL_READ = """
SELECT count(*) = 1 FROM pg_stat_activity
WHERE backend_type = 'startup' AND wait_event IN ('RecoveryRetrieveRetryInterval', 'RecoveryWalStream')
"""
"""The server has read what WAL it has, and waits for more: it may have the beginning of the file that it needs."""

_OLDEST = "SELECT min(substr(name, 9)) FROM pg_ls_dir('pg_wal', true, false) AS name WHERE name ~ '^[0-9A-F]{24}$'"


class Stranded:
    """What the steward remembers of it from round to round."""

    def __init__(self) -> None:
        self._awaited: str | None = None
        self._since = 0.0
        self._due = 0.0

    def look(self, node: Node, secrets: Secrets, found: Health) -> None:
        """Raises PeerError, psycopg2.Error, OSError."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + LOOK
        awaited = None if found.healthy or found.leads else _awaited(found)
        if awaited is None or awaited != self._awaited:
            self._awaited, self._since = awaited, now
        if awaited is None or now < self._since + PATIENCE:
            return
        self._since = now  # asked again, where there is no answer, only after the same time
        leader = ask_leader_of_same_data(node, secrets)
        if leader is None:
            return
        oldest = _oldest(node.members[leader.name], secrets)
        if oldest is not None and _place(awaited) < oldest:
            why = f"it needs the WAL file {awaited}, and {leader.name} has none before {oldest} of any timeline"
            copy_anew(secrets, why, force=True)


def _place(file: str) -> str:
    """Of a WAL file, whatever its timeline: of one length, in the order of their names."""
    return file[8:]


def _awaited(found: Health) -> str | None:
    """The WAL file that this node's server needs to go on, and can't get; None while it reads, or needs none."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                reads = _READS.match(file.read())
        except OSError:
            continue  # gone
        if reads and (reads[1] == b"waiting for" or (found.follows and _ask(_HAS_ALL_READ, host=paths.SOCKETS, user="postgres"))):
            return reads[2].decode()
    return None


def _oldest(address: str, secrets: Secrets) -> str | None:
    """The place of the leader's oldest WAL file. Its user for pg_rewind may list them."""
    return _ask(_OLDEST, host=address, user="rewind_user", password=secrets.rewind, sslmode="verify-ca", sslrootcert=paths.CA)


def _ask(question: str, **server: str) -> Any:
    options = "-c statement_timeout=3s"
    connection = psycopg2.connect(dbname="postgres", connect_timeout=3, application_name="portico steward", options=options, **server)
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()[0]
    finally:
        connection.close()
