"""Sentinel's configuration. Its members are those of the cluster, from the first start on: nobody has to be discovered,
so that one that comes alone, or lost its volume, finds the others even while there is no leader."""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Iterable, Mapping

from .description import Node, Secrets
from .users import sentinel_users

DOWN_AFTER_MS = 3000
FAILOVER_MS = 4000
"""Longest time for a step of a failover; twice that until another is tried. With two Sentinels left, both may stand for election at
once and neither win: a second try has to fit into a portal's hold of 30 s."""


@dataclass(frozen=True)
class Term:
    """What one Sentinel knows of who leads."""

    leader: str
    """Address."""
    config_epoch: int
    voted_epoch: int
    current_epoch: int


def sentinel_config(node: Node, secrets: Secrets, term: Term) -> str:
    scope = node.scope
    others = {name: at for name, at in node.members.items() if name != node.name}
    return "\n".join(
        [
            "bind 0.0.0.0",
            "port 26379",
            "protected-mode no",
            "dir /tmp",
            f"sentinel myid {identity(scope, node.name)}",
            f"sentinel announce-ip {node.address}",
            "sentinel announce-port 26379",
            f"sentinel monitor {scope} {term.leader} 6379 {node.majority}",
            f"sentinel down-after-milliseconds {scope} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {scope} {FAILOVER_MS}",
            f"sentinel parallel-syncs {scope} {len(node.members)}",
            f"sentinel auth-user {scope} sentinel",
            f"sentinel auth-pass {scope} {secrets.sentinel}",
            "sentinel sentinel-user sentinel",
            f"sentinel sentinel-pass {secrets.sentinel}",
            f"sentinel config-epoch {scope} {term.config_epoch}",
            f"sentinel leader-epoch {scope} {term.voted_epoch}",
            f"sentinel current-epoch {term.current_epoch}",
            *(
                f"sentinel known-sentinel {scope} {at} 26379 {identity(scope, name)}"
                for name, at in others.items()
            ),
            *(
                f"sentinel known-replica {scope} {at} 6379"
                for at in node.members.values()
                if at != term.leader
            ),
            sentinel_users(secrets),
        ]
    )


def identity(scope: str, name: str) -> str:
    return hashlib.sha1(f"{scope}/{name}".encode()).hexdigest()


def read_term(text: str, scope: str) -> Term | None:
    """What a Sentinel has kept in its configuration; None where that can't be read."""

    def find(key: str) -> str | None:
        found = re.search(rf"^sentinel {key} (\S+)", text, re.MULTILINE)
        return found.group(1) if found else None

    leader = find(f"monitor {re.escape(scope)}")
    epochs = [
        find(f"config-epoch {re.escape(scope)}"),
        find(f"leader-epoch {re.escape(scope)}"),
        find("current-epoch"),
    ]
    if leader is None or not all(epoch is not None and epoch.isdigit() for epoch in epochs):
        return None
    config, voted, current = (int(epoch or 0) for epoch in epochs)
    return Term(leader, config, voted, current)


def first_term(node: Node, others: Iterable[Term]) -> Term:
    """Where a Sentinel begins that has kept nothing: with what the others know, and no vote left in their epochs."""
    known = max(others, key=lambda term: term.config_epoch, default=Term(node.first, 0, 0, 0))
    epoch = max(known.config_epoch, known.voted_epoch, known.current_epoch)
    return replace(known, voted_epoch=epoch, current_epoch=epoch)


def readdressed(term: Term, before: Mapping[str, str], now: Mapping[str, str]) -> Term:
    """The same term after the network was numbered anew: leaders are kept by name."""
    if term.leader in now.values():
        return term
    name = next((name for name, at in before.items() if at == term.leader), None)
    return replace(term, leader=now.get(name or "", next(iter(now.values()))))
