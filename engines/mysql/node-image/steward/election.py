"""Who forms the group when there is none. Pure: from what the nodes say of themselves to what this node does.

A group that is bootstrapped twice is two groups, and each would take writes. So nobody bootstraps on what
it knows alone: a majority of the cluster's nodes must have promised, each to one candidate at a time.
"""

import json
import threading
from dataclasses import dataclass
from typing import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Report:
    """What a node's steward says of its node."""

    group: str
    joined: bool
    active: bool
    """Whether it is, or is becoming, a member of a running group."""
    gtids: str
    """All transactions that it has executed or received."""
    ready: bool = True
    """Whether its server answers."""


@dataclass(frozen=True)
class Wait:
    why: str


@dataclass(frozen=True)
class Found:
    """Draw a name, and make the very first group of this cluster."""


@dataclass(frozen=True)
class Adopt:
    """Take the name of the group that the others belong to."""

    group: str


@dataclass(frozen=True)
class Join:
    """There is a group: become a member."""


@dataclass(frozen=True)
class Stand:
    """Ask for promises, and bootstrap the group with a majority of them."""

    voters: frozenset[str]


Decision = Wait | Found | Adopt | Join | Stand
Contains = Callable[[str, str], bool]
"""Whether the second set of transactions holds all of the first."""


def decide(
    name: str,
    order: tuple[str, ...],
    reports: Mapping[str, Report],
    contains: Contains,
) -> Decision:
    """`order`: every node of the cluster. `reports`: those that answer, this one among them."""
    mine = reports[name]
    groups = {report.group for report in reports.values() if report.group}
    if not mine.group:
        return _without_a_group(name, order, reports, groups)
    strangers = sorted(n for n, r in reports.items() if r.group and r.group != mine.group)
    if strangers:
        return Wait(f"{', '.join(strangers)} belongs to another group")
    if any(report.active for other, report in reports.items() if other != name):
        return Join()
    return _without_a_running_group(name, order, reports, contains)


def _without_a_group(
    name: str, order: tuple[str, ...], reports: Mapping[str, Report], groups: set[str]
) -> Decision:
    if len(groups) > 1:
        return Wait("the other nodes belong to different groups")
    if groups:
        return Adopt(groups.pop())
    lost = sorted(other for other, report in reports.items() if report.joined)
    if lost:
        return Wait(f"{', '.join(lost)} has data, and can't read to which group it belongs")
    missing = [other for other in order if other not in reports]
    if missing:
        # One that is away may hold the data of a cluster that lost its other volumes.
        return Wait(f"a new cluster waits for {', '.join(missing)}")
    return Found() if name == order[0] else Wait(f"{order[0]} founds the group")


def _without_a_running_group(
    name: str, order: tuple[str, ...], reports: Mapping[str, Report], contains: Contains
) -> Decision:
    """Only those count that have been members: a node with a lost volume knows nothing of what was acknowledged."""
    joined = {n for n, report in reports.items() if report.joined and report.group and report.ready}
    if not joined and all(other in reports for other in order):
        joined = set(order)  # the founder ended before anybody had joined it
    majority = len(order) // 2 + 1
    if len(joined) < majority:
        return Wait(f"{len(joined)} of {len(order)} former members answer, {majority} must")
    if name not in joined:
        return Wait("a member with data forms the group")
    best = [
        candidate
        for candidate in order
        if candidate in joined
        and all(contains(reports[other].gtids, reports[candidate].gtids) for other in joined)
    ]
    if not best:
        return Wait("no node has all transactions of the others: an operator must choose")
    return Stand(frozenset(joined)) if best[0] == name else Wait(f"{best[0]} forms the group")


def groups_without(address: str, views: Mapping[str, Sequence[str]]) -> list[str]:
    """Names of the nodes that are in a group without this one. `views`: what the others see, by name."""
    return sorted(name for name, view in views.items() if view and address not in view)


def deserters(
    address: str, view: Sequence[str], members: Mapping[str, str], reports: Mapping[str, Report], views: Mapping[str, Sequence[str]]
) -> list[str]:
    """
    Names of the nodes that this one, at `address`, has in its `view` of the group, and that say of themselves that they are in none, or in
    one without it. `members`: address by name. `reports` and `views`: what the others say and see, by name.
    """
    seen = {name for name, at in members.items() if at in view and at != address}
    outside = {name for name, report in reports.items() if report.ready and not report.active}
    return sorted(seen & (outside | set(groups_without(address, views))))


class Promises:
    """What this node has promised: one candidate at a time, for longer than a bootstrap may take. Asked by several threads."""

    LASTING = 75.0
    """
    Seconds, for which a candidate that died keeps the others waiting: longer than `HASTE` in `formation.py` and the minute after which
    a server whose start hangs gives up being a member. It ends sooner where the node becomes a member.
    """

    def __init__(
        self, held: tuple[str, float], save: Callable[[str, float], None], clock: Callable[[], float]
    ) -> None:
        """`held`: to whom, and until when. The clock is one that nobody can set."""
        self._to, self._until = held
        self._save = save
        self._clock = clock
        self._lock = threading.Lock()

    def give(self, candidate: str) -> bool:
        with self._lock:
            now = self._clock()
            if self._to not in ("", candidate) and now < self._until:
                return False
            self._hold(candidate, now + self.LASTING)
            return True

    def withdraw(self, candidate: str) -> None:
        with self._lock:
            if self._to == candidate:
                self._hold("", 0.0)

    def holds(self, candidate: str) -> bool:
        with self._lock:
            return self._to == candidate and self._clock() < self._until

    def end(self) -> None:
        """There is a group: nobody needs a promise."""
        with self._lock:
            if self._to != "":
                self._hold("", 0.0)

    def _hold(self, candidate: str, until: float) -> None:
        # Kept before it is given: what can't be kept isn't given.
        self._save(candidate, until)
        self._to, self._until = candidate, until


UNREADABLE = "somebody"
"""Whom a promise that can't be read was given to: no node has that name."""


def read_promise(raw: bytes | None, boot: str, now: float, wall: float) -> tuple[str, float]:
    """
    What was kept, in terms of `now`: a clock that begins with the machine. What another start of the machine kept lasts from now on:
    its candidate may still be at it. A promise that can't be read is one to somebody.
    """
    if raw is None:
        return "", 0.0
    try:
        held = json.loads(raw)
        to, until, kept_at = str(held["to"]), float(held["until"]), held.get("boot")
    except (ValueError, TypeError, KeyError, AttributeError):
        return UNREADABLE, now + Promises.LASTING
    if to == "" or kept_at == boot:
        # An older image gave its promises for longer.
        return to, min(until, now + Promises.LASTING)
    # Of an older image: by the wall's clock, for a minute, and never ended when it was fulfilled.
    if kept_at is None and not wall < until <= wall + 60:
        return "", 0.0
    return to, now + Promises.LASTING
