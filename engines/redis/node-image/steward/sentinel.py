"""The node's own Sentinel: what it begins with, and how it comes back from a state that no election leads out of.

Sentinels believe each other: whatever one of them has, the others have two seconds later. So one whose state can't be used is stopped
until those of the other nodes, whose stewards do the same, have stopped too. The first one to begin again asks the servers who leads;
the next ones ask the first.
"""

import json
import subprocess
import time
from typing import Mapping

from portico_node import files, log

from . import paths
from .description import Node, Secrets
from .peers import SENTINEL, SERVER, Self, Word, client, self_of, word_of
from .sentinel_config import Term, fault_of, readdressed, read_term, sentinel_config, term_anew, unusable

QUIET = 5
"""Seconds until the first one begins again: in less, each has heard of the other's state, and has been stopped."""
APART = 3
"""Seconds between the nodes."""
SILENT = 1
"""Seconds without an answer of the server that the Sentinel has promoted, until the Sentinel begins again."""


class Sentinel:
    def __init__(self, node: Node, secrets: Secrets) -> None:
        self._node = node
        self._secrets = secrets
        self._begins_at: float | None = None
        self._silent_since: float | None = None
        self._kept = _kept_agreement(node)

    def start(self, anew: bool) -> None:
        """`anew`: with another configuration than the one that runs, if it does."""
        if anew:
            _service("-wd", "-T", "5000", "-d")
        term = _kept_term(self._node)
        if term is None or unusable(term, self._node):
            term = term_anew(self._node, term, self._terms_of_others(), self._kept, self._leading())
        files.write(paths.SENTINEL_CONFIG, sentinel_config(self._node, self._secrets, term))
        files.write(paths.MEMBERS, json.dumps(dict(self._node.members)))
        _service("-u")

    def look(self) -> None:
        """Stops it where its state can't be used, and starts it again when it is time."""
        if self._begins_at is not None:
            if time.monotonic() >= self._begins_at:
                self.start(anew=True)
                self._begins_at = None
                log.info("its Sentinel begins again")
            return
        kept = files.read(paths.SENTINEL_CONFIG)
        fault = fault_of(kept.decode(errors="replace"), self._node) if kept else None
        if fault is not None:
            _service("-wd", "-T", "5000", "-d")
            self._begins_at = time.monotonic() + QUIET + APART * list(self._node.members).index(self._node.name)
            log.error(f"its Sentinel is stopped for some seconds: {fault}")

    def leave_lost(self, own: Word | None, selves: Mapping[str, Self]) -> None:
        """
        Ends a failover that has no end of its own: a Sentinel that promoted a server which is lost at once waits for it for good, and
        says of the old leader, not of the new one, whether it is down; so the others never are a majority. Its file names the new one
        already: with that it begins again. Nothing is lost where the server was only slow.
        """
        lost = own is not None and own.conducts and self._node.name_at(own.leader) not in selves
        if not lost:
            self._silent_since = None
            return
        now = time.monotonic()
        self._silent_since = self._silent_since or now
        if now - self._silent_since >= SILENT:
            self._silent_since = None
            log.warn(f"its Sentinel begins again: {self._node.name_at(own.leader)}, which it made the leader, doesn't answer")
            self.start(anew=True)

    def agreed(self, leader: str, epoch: int) -> None:
        """A majority names that node, by its address. It is kept: what is agreed next must be newer."""
        term = Term(leader, epoch, epoch, epoch)
        if term != self._kept and leader in self._node.members.values():
            kept = {"leader": self._node.name_at(leader), "epoch": epoch}
            files.write(paths.AGREED, json.dumps(kept))
            self._kept = term

    def _terms_of_others(self) -> list[Term]:
        others = [at for name, at in self._node.members.items() if name != self._node.name]
        words = [word_of(client(at, SENTINEL, self._secrets), self._node.scope) for at in others]
        return [Term(word.leader, word.epoch, word.voted_epoch, word.epoch) for word in words if word]

    def _leading(self) -> str | None:
        """Address of the server that leads by its own word, and that others copy."""
        found: Mapping[str, Self | None] = {
            at: self_of(client(at, SERVER, self._secrets)) for at in self._node.members.values()
        }
        return next((at for at, it in found.items() if it and it.leads and it.linked), None)


def _kept_term(node: Node) -> Term | None:
    kept = files.read(paths.SENTINEL_CONFIG)
    term = read_term(kept.decode(errors="replace"), node.scope) if kept else None
    return readdressed(term, _object(paths.MEMBERS), node.members) if term else None


def _kept_agreement(node: Node) -> Term | None:
    kept = _object(paths.AGREED)
    leader, epoch = node.members.get(str(kept.get("leader"))), kept.get("epoch")
    return Term(leader, epoch, epoch, epoch) if leader is not None and isinstance(epoch, int) else None


def _object(path: str) -> Mapping[str, object]:
    """Empty where there is none, or one that can't be read: it is no more than a help."""
    try:
        raw = files.read(path)
        read = json.loads(raw) if raw else {}
    except (OSError, ValueError) as error:
        log.warn(f"{path} can't be read: {error}")
        return {}
    return read if isinstance(read, dict) else {}


def _service(*options: str) -> None:
    subprocess.run(["s6-svc", *options, paths.SENTINEL_SERVICE], check=True)
