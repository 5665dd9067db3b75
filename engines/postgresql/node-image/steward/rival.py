"""
A former leader of whose promotion nobody has heard, beside another one that was promoted to the same timeline.

A server numbers its timeline by the promotions that it knows of. Where a leader is lost before any replica has heard of its promotion, the
next one takes the same number. Patroni (4.0.7, its issue 1251) and pg_rewind compare the numbers alone: the lost one comes back as a replica
with a history of its own. But there is one promotion to each timeline of a history. So a node that was itself promoted to the timeline on
which another one leads has parted from it, and copies the leader's data anew.
"""

import json
import os
import time
from typing import Collection, Mapping

from portico_node import files, log

from . import paths
from .description import Node, Secrets
from .founding import IDENTITY, clear, control
from .health import Health
from .leader import COPIES, Leader, Unknown, ask_leader, copy_anew

_NOTE = f"{paths.PGDATA}/portico.promoted"
"""To which timeline which node was promoted. A part of the data: they may be copied, and then the note is another node's."""

_PRIMARY = ("in production", "shutting down", "shut down", "in crash recovery")
"""What pg_control says of a server that was no replica when it ended."""

_LONGEST_WAIT = 30
"""Seconds for which a start waits for a leader's word. The steward asks on."""


def set_aside(node: Node, secrets: Secrets) -> None:
    """Only before Patroni starts. Raises OSError where the data can't be removed."""
    promoted = _note_promotion(node)
    if promoted is None:
        return
    deadline = time.monotonic() + _LONGEST_WAIT
    while isinstance(leader := ask_leader(node, secrets), Unknown):
        if time.monotonic() > deadline:
            log.warn(f"can't tell yet if another node was promoted to timeline {promoted} as well: {leader.why}")
            return
        time.sleep(1)
    why = parted(node.name, promoted, _identity(), leader) if leader else None
    if why:
        clear(COPIES + why)


def look(node: Node, secrets: Secrets, found: Health) -> None:
    """For the steward, each round: while Patroni lives, the server comes back without a start of Patroni. Raises PeerError, OSError."""
    if found.leads:
        _note_promotion(node)
    promoted = _noted(node.name) if found.follows else None
    leader = None if promoted is None else ask_leader(node, secrets)
    if promoted is None or not isinstance(leader, Leader):
        return
    why = parted(node.name, promoted, _identity(), leader)
    if why is not None:
        copy_anew(secrets, why)
    # Not earlier: pg_rewind fails where a file goes under its hands, and Patroni then copies everything.
    if why is None and found.healthy and leader.timeline > promoted:
        files.remove(_NOTE)


def note_end(node: Node) -> None:
    """For the steward, when the server has just ended."""
    _note_promotion(node)


def parted(name: str, promoted: int, identity: str, leader: Leader) -> str | None:
    """
    Why the data of node `name`, which was itself promoted to timeline `promoted`, are no part of the leader's history; None where they may be.
    The leader's own timeline tells it at once. Where the leader has been promoted further since, it takes a line of the history with a node's
    name: one whose node was lost before Patroni wrote its line has none.
    """
    if identity != leader.identity:
        return None  # Patroni refuses them, and a person decides
    if leader.timeline <= promoted:
        return f"it was promoted to timeline {promoted}, and {leader.name} leads on a timeline {leader.timeline} without having heard of that"
    other = promoted_by(leader.history, promoted)
    if other is not None and other != name:
        return f"it was promoted to timeline {promoted}, and {leader.name} leads with the history of {other}, which was promoted to it as well"
    return None


def promoted_by(history: str, timeline: int) -> str | None:
    """Of Patroni's [[timeline before, LSN, reason, time, node], …]; the last two may be missing."""
    try:
        return next((line[4] for line in json.loads(history) if line[0] == timeline - 1 and len(line) == 5), None)
    except (ValueError, TypeError, LookupError):
        return None


def promotion(said: Mapping[str, str], there: Collection[str]) -> int | None:
    """
    The timeline to which the data's own server was promoted, from what pg_controldata says and which files are there; None where it was a
    replica's, or has never been promoted. Until the first checkpoint after a promotion, only the end of recovery shows the new timeline.
    """
    if said.get("Database cluster state") not in _PRIMARY or not {"backup_label", "standby.signal"}.isdisjoint(there):
        return None
    timeline = max(int(said.get(key, "0")) for key in ("Latest checkpoint's TimeLineID", "Min recovery ending loc's timeline"))
    return timeline if timeline > 1 else None


def _note_promotion(node: Node) -> int | None:
    """As `promotion`; and what was noted before, where the server has been a replica since."""
    said = control()
    promoted = promotion(said, os.listdir(paths.PGDATA)) if said else None
    if promoted is None:
        return _noted(node.name)
    try:
        files.write(_NOTE, f"{promoted} {node.name}")
    except OSError as error:
        # A full disk, perhaps: no reason not to start.
        log.warn(f"that this node was promoted to timeline {promoted} can't be noted: {error}")
    return promoted


def _noted(name: str) -> int | None:
    timeline, _, noted = (files.read(_NOTE) or b"").decode(errors="replace").partition(" ")
    return int(timeline) if noted == name and timeline.isdigit() else None


def _identity() -> str:
    return control().get(IDENTITY, "")
