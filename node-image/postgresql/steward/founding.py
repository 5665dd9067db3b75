"""
The first node's work: Patroni takes the key `initialize` without a value, makes the database, and writes its identity there.

Who dies in between leaves a folder that is no database, or one without its users, and a key that lets nobody else begin (Patroni 4.0.7). The
same goes for a replica that dies while it copies the leader's data.
"""

import json
import os
import shutil
import signal
import subprocess
import time

from . import files, log, paths, postmaster
from .dcs import Dcs, Entry
from .description import Node, Secrets

ABANDONED = 60
"""Seconds after which nobody works at it: well over the 20 s after which a dead member is gone from etcd."""

INITIALIZE = "initialize"
"""The key: the database's identity, or nothing while somebody makes the database."""


def clear_half_made(node: Node, secrets: Secrets) -> None:
    """
    Only before Patroni starts. Removes a database that never came as far as serving; one that did is never touched. Raises EtcdError.
    """
    if not os.path.exists(paths.UNFINISHED):
        if _is_half_copied():
            _clear()
        if _is_empty():
            files.write(paths.UNFINISHED, "")
        return
    if _is_empty():
        return
    dcs = Dcs(node, secrets)
    claim = dcs.read(INITIALIZE)
    # Without any claim etcd's data may be lost, and this the only copy.
    if claim is None or claim.value == _identity() != "":
        return
    _clear()
    if claim.value == "":
        _release(dcs, claim)


def is_finished(node: Node, secrets: Secrets) -> bool:
    """Of a node that works. Raises EtcdError."""
    if not os.path.exists(paths.UNFINISHED):
        return True
    claim = Dcs(node, secrets).read(INITIALIZE)
    if claim is None or claim.value == "":
        return False
    files.remove(paths.UNFINISHED)
    return True


class Watch:
    """Of a claim that nobody works at: its owner may have lost its data with its memory of it."""

    def __init__(self) -> None:
        self._revision = ""
        self._since = 0.0

    def look(self, node: Node, secrets: Secrets) -> None:
        """Of a node that does not work (yet). Gives the claim up after `ABANDONED`. Raises EtcdError."""
        dcs = Dcs(node, secrets)
        claim = dcs.read(INITIALIZE)
        if claim is None or claim.value != "" or any(map(_works, dcs.read_all("members/"))):
            self._revision = ""
        elif claim.revision != self._revision:
            self._revision, self._since = claim.revision, time.monotonic()
        elif time.monotonic() - self._since > ABANDONED:
            _release(dcs, claim)


def _release(dcs: Dcs, claim: Entry) -> None:
    if dcs.delete(INITIALIZE, claim):
        log.warn("nobody makes the database: any node may begin anew")


def _works(member: Entry) -> bool:
    """Patroni says "stopped" of one that waits for another to make the database."""
    return json.loads(member.value).get("state") != "stopped"


def _clear() -> None:
    log.warn("removes a database that was made or copied half-way: it has never served anybody")
    server = postmaster.pid()
    if server is not None:
        # Patroni alone has died.
        os.kill(server, signal.SIGQUIT)
        postmaster.ends_within(10)
    shutil.rmtree(paths.PGDATA)


def _is_empty() -> bool:
    try:
        return not os.listdir(paths.PGDATA)
    except FileNotFoundError:
        return True


def _is_half_copied() -> bool:
    """pg_basebackup writes the backup's label first, and what makes a database of it last."""
    return os.path.exists(f"{paths.PGDATA}/backup_label") and not os.path.exists(f"{paths.PGDATA}/global/pg_control")


def _identity() -> str:
    """Empty where there is none yet."""
    command = [f"{paths.PG_BIN}/pg_controldata", paths.PGDATA]
    said = subprocess.run(command, capture_output=True, text=True, env={"LC_ALL": "C"}).stdout
    lines = (line.split(":", 1) for line in said.splitlines() if ":" in line)
    return next((value.strip() for key, value in lines if key == "Database system identifier"), "")
