"""
What a death left half made, before Patroni starts again.

The first node takes the key `initialize` without a value, makes the database, and writes its identity there. Where it dies in between, Patroni
(4.0.7) takes what is there for a database, or says for ever that it has no identity, and the key keeps everybody else from making one. Of
a replica that dies while it copies the leader's data it says the same.
"""

import os
import shutil
import signal
import subprocess
import sys
import time

from portico_node import files, log

from . import paths
from .dcs import Dcs
from .description import Node, Secrets, read_node, read_secrets

INITIALIZE = "initialize"
IDENTITY = "Database system identifier"
"""Of what pg_controldata says."""

_REMOVED = f"{paths.PGDATA}.removed"
_CONTROL = f"{paths.PGDATA}/global/pg_control"
_REAL_INITDB = f"{paths.PG_BIN}/initdb"
_MAKERS = (_REAL_INITDB, f"{paths.PG_BIN}/pg_basebackup", f"{paths.PG_BIN}/postgres")

_HALF_MADE = "removes a database that was made or copied half-way: it has never served anybody"

_LONGEST_END = 10
"""Seconds that killed processes may take to end."""


def main() -> None:
    """Patroni runs this in the place of initdb: notes that this node makes the database, and under which claim."""
    claim = Dcs(read_node(), read_secrets()).read(INITIALIZE)
    if claim is None or claim.value != "":
        sys.exit("nobody makes a database now")
    files.write(paths.UNFINISHED, claim.revision)
    os.execv(_REAL_INITDB, [_REAL_INITDB, *sys.argv[1:]])


def clear_half_made(node: Node, secrets: Secrets) -> None:
    """
    Only before Patroni starts. Removes what this node was making or copying when it died; never what may have served. Raises EtcdError, OSError.
    """
    shutil.rmtree(_REMOVED, ignore_errors=True)
    mine = files.read(paths.UNFINISHED)
    if mine is None:
        if _is_half_copied():
            clear(_HALF_MADE)
        return
    dcs = Dcs(node, secrets)
    claim, identity = dcs.read(INITIALIZE), _identity()
    if claim is None and identity != "":
        return  # etcd may have lost its data, and these be the only copy
    if identity == "" or claim.value != identity:
        if os.path.exists(paths.PGDATA):
            clear(_HALF_MADE)
        # Another node's claim is another one's to keep.
        if claim is not None and claim.value == "" and claim.revision == mine.decode():
            dcs.delete(INITIALIZE, claim)
    files.remove(paths.UNFINISHED)


def finish(node: Node, secrets: Secrets) -> None:
    """Of a node that works: what it made is a database. Raises EtcdError."""
    if not os.path.exists(paths.UNFINISHED):
        return
    claim = Dcs(node, secrets).read(INITIALIZE)
    if claim is not None and claim.value != "":
        files.remove(paths.UNFINISHED)


def clear(why: str) -> None:
    """Only before Patroni starts. Removes the data, and says `why`. Raises OSError."""
    log.warn(why)
    _end_makers()
    # In one step: a death in the midst of it must not leave another half.
    os.rename(paths.PGDATA, _REMOVED)
    shutil.rmtree(_REMOVED)


def control() -> dict[str, str]:
    """What pg_controldata says of the data, line by line; empty where there are none yet, or where it can't be read."""
    return _control()[0]


def _end_makers() -> None:
    """Where Patroni alone has died, what it started runs on."""
    deadline = time.monotonic() + _LONGEST_END
    while left := [pid for pid in os.listdir("/proc") if pid.isdigit() and _makes(pid)]:
        if time.monotonic() > deadline:
            raise OSError(f"processes {', '.join(left)} of PostgreSQL do not end")
        for pid in left:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.1)


def _makes(pid: str) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/exe") in _MAKERS
    except OSError:
        return False  # gone, or another user's


def _is_half_copied() -> bool:
    """pg_basebackup writes `backup_label` first, beside the log's folder, and what makes a database of it last."""
    try:
        there = set(os.listdir(paths.PGDATA))
    except FileNotFoundError:
        return False
    begun = "backup_label" in there or there == {"pg_wal"}
    return begun and not os.path.exists(_CONTROL)


def _identity() -> str:
    """Empty where there is none yet. Raises OSError where it can't be read."""
    if not os.path.exists(_CONTROL):
        return ""
    said, wrong = _control()
    if IDENTITY not in said:
        raise OSError(f"pg_controldata: {wrong}")
    return said[IDENTITY]


def _control() -> tuple[dict[str, str], str]:
    command = [f"{paths.PG_BIN}/pg_controldata", paths.PGDATA]
    said = subprocess.run(command, capture_output=True, text=True, env={"LC_ALL": "C"})
    lines = (line.split(":", 1) for line in said.stdout.splitlines() if ":" in line)
    return {key: value.strip() for key, value in lines}, said.stderr.strip() or said.stdout


if __name__ == "__main__":
    main()
