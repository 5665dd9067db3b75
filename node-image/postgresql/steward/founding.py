"""
The first node's work: Patroni takes the key `initialize` without a value, makes the database, and writes its identity there.

Who dies in between leaves a folder that is no database, or one without its users, and a key that lets nobody else begin (Patroni 4.0.7). The
same goes for a replica that dies while it copies the leader's data.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass

from . import files, log, paths, postmaster
from .description import Node, Secrets
from .etcd_api import authenticate, call

ABANDONED = 60
"""Seconds after which nobody works at it: well over the 20 s after which a dead member is gone from etcd."""

_IDLE = "stopped"
"""What Patroni says of a member that waits for another one to make the database."""


@dataclass(frozen=True)
class Claim:
    """What `initialize` says: the database's identity, or nothing while somebody makes the database."""

    identity: str
    revision: str


def clear_half_made(node: Node, secrets: Secrets) -> None:
    """
    Only before Patroni starts. Removes a database that never came as far as serving; one that did is never touched. Raises PeerError.
    """
    if not os.path.exists(paths.UNFINISHED):
        if _is_half_copied():
            _clear()
        if _is_empty():
            files.write(paths.UNFINISHED, "")
        return
    if _is_empty():
        return
    etcd = _Etcd(node, secrets)
    claim = etcd.claim()
    # Without any claim the others' memory may be lost, and this the only copy.
    if claim is None or claim.identity == _identity() != "":
        return
    _clear()
    if claim.identity == "":
        etcd.release(claim)


def is_finished(node: Node, secrets: Secrets) -> bool:
    """Of a node that works. Raises PeerError."""
    if not os.path.exists(paths.UNFINISHED):
        return True
    claim = _Etcd(node, secrets).claim()
    if claim is None or claim.identity == "":
        return False
    files.remove(paths.UNFINISHED)
    return True


class Watch:
    """Of a claim that nobody works at: its owner may have lost its data with its memory of it."""

    def __init__(self) -> None:
        self._revision = ""
        self._since = 0.0

    def look(self, node: Node, secrets: Secrets) -> None:
        """Of a node that does not work (yet). Gives the claim up after `ABANDONED`. Raises PeerError."""
        etcd = _Etcd(node, secrets)
        claim = etcd.claim()
        if claim is None or claim.identity != "" or any(state != _IDLE for state in etcd.states()):
            self._revision = ""
            return
        if claim.revision != self._revision:
            self._revision, self._since = claim.revision, time.monotonic()
        elif time.monotonic() - self._since > ABANDONED:
            etcd.release(claim)


class _Etcd:
    def __init__(self, node: Node, secrets: Secrets) -> None:
        self._token = authenticate("127.0.0.1", "patroni", secrets.etcdPatroni)
        self._folder = f"/service/{node.scope}/"

    def claim(self) -> Claim | None:
        found = call("127.0.0.1", "/v3/kv/range", {"key": self._key()}, self._token).get("kvs", [])
        return Claim(_text(found[0]), found[0]["mod_revision"]) if found else None

    def states(self) -> list[str]:
        """What each member says that it does."""
        first, last = (_encoded(f"{self._folder}members{end}") for end in "/0")
        asked = {"key": first, "range_end": last}
        found = call("127.0.0.1", "/v3/kv/range", asked, self._token).get("kvs", [])
        return [json.loads(_text(member)).get("state", "") for member in found]

    def release(self, claim: Claim) -> None:
        """Unless it has become another one."""
        key = self._key()
        asked = {
            "compare": [{"key": key, "target": "MOD", "mod_revision": claim.revision}],
            "success": [{"request_delete_range": {"key": key}}],
        }
        if call("127.0.0.1", "/v3/kv/txn", asked, self._token).get("succeeded"):
            log.warn("nobody works at making the database: any node may begin anew")

    def _key(self) -> str:
        return _encoded(f"{self._folder}initialize")


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


def _text(entry: dict[str, str]) -> str:
    return base64.b64decode(entry.get("value", "")).decode()


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
