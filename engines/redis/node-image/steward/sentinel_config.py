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

LAST_EPOCH = 10**15 - 1
"""What portals can read. One failover a second would take 31 million years."""


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


def readdressed(term: Term, before: Mapping[str, object], now: Mapping[str, str]) -> Term:
    """The same term after the network was numbered anew: leaders are kept by name."""
    if term.leader in now.values():
        return term
    name = next((name for name, at in before.items() if at == term.leader), None)
    return replace(term, leader=now.get(name or "", term.leader))


def term_anew(
    node: Node, kept: Term | None, others: Iterable[Term], agreed: Term | None, leading: str | None
) -> Term:
    """
    What a Sentinel begins with whose own term is missing, or can't be used. `agreed`: the last that a majority had. `leading`:
    address of the server that leads.
    """
    usable = [term for term in others if unusable(term, node) is None]
    if kept is None or usable:
        return first_term(node, usable)
    epochs = [*_epochs(kept), *(_epochs(agreed) if agreed else [])]
    epoch = 1 + max((epoch for epoch in epochs if epoch < LAST_EPOCH), default=0)
    fallback = agreed.leader if agreed else kept.leader if kept.leader in node.members.values() else node.first
    return Term(leading or fallback, epoch, epoch, epoch)


def fault_of(text: str, node: Node) -> str | None:
    """The reason why what a Sentinel has kept can't be used, or nothing. No election of the nodes leads there."""
    term = read_term(text, node.scope)
    if term is None:
        return None
    why = unusable(term, node)
    if why is not None:
        return why
    own = {(at, "26379", identity(node.scope, name)) for name, at in node.members.items()}
    known = re.findall(rf"^sentinel known-sentinel {re.escape(node.scope)} (\S+) (\d+) (\S+)", text, re.MULTILINE)
    stranger = next((each for each in known if each not in own), None)
    return f"it counts a Sentinel at {stranger[0]}:{stranger[1]}, which is no node's" if stranger else None


def unusable(term: Term, node: Node) -> str | None:
    """The reason why no Sentinel can go on from there, or nothing."""
    epoch = max(_epochs(term))
    if epoch > LAST_EPOCH:
        return f"it is in epoch {epoch}, and no newer one can be agreed on"
    if term.leader not in node.members.values():
        return f"it follows {term.leader}, which is no node"
    return None


def _epochs(term: Term) -> list[int]:
    return [term.config_epoch, term.voted_epoch, term.current_epoch]
