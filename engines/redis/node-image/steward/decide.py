"""What this node's server is to be, given what the Sentinels and the other servers say. Pure.

A server starts as a replica of nobody. It leads only if a majority of the Sentinels, asked after it answers, names it and has no
failover under way: so a leader that comes back never takes a write beside, or behind, another one.
"""

from dataclasses import dataclass
from typing import Mapping

from .description import Node
from .peers import Self, Word


@dataclass(frozen=True)
class Stay:
    why: str


@dataclass(frozen=True)
class Lead:
    founds: bool
    """No node has any data: this is the beginning of a cluster."""
    why: str


@dataclass(frozen=True)
class Follow:
    leader: str
    """Address."""
    why: str


@dataclass(frozen=True)
class Step:
    """Be nobody's replica: another node leads, and can't be followed yet."""

    why: str


@dataclass(frozen=True)
class HandOver:
    """The Sentinels name this node, which has no data: they must choose another."""

    why: str


Act = Stay | Lead | Follow | Step | HandOver


@dataclass(frozen=True)
class Scene:
    node: Node
    cluster: str | None
    """Id of the cluster whose data is on this node's volume."""
    words: Mapping[str, Word]
    """By the Sentinel's node."""
    selves: Mapping[str, Self]
    """By the server's node, this one's too."""
    led_epoch: int | None
    """The newest epoch in which a majority named this node while it led; None since it was last a replica."""
    votes_settled: bool
    """The Sentinels' votes have been the same for longer than a failover takes."""


def decide(scene: Scene) -> Act:
    node, own = scene.node, scene.selves.get(scene.node.name)
    if own is None:
        return Stay("its server doesn't answer")
    if len(scene.words) < node.majority:
        return Stay(f"{len(scene.words)} of {len(node.members)} Sentinels answer")
    epoch = max(word.epoch for word in scene.words.values())
    newest = [word for word in scene.words.values() if word.epoch == epoch]
    leaders = {word.leader for word in newest}
    if len(leaders) > 1:
        return Stay(f"the Sentinels name two leaders in epoch {epoch}")
    (leader,) = leaders
    if leader not in node.members.values():
        return Stay(f"the Sentinels name {leader} in epoch {epoch}, which is no node")
    if leader != node.address:
        return _other(scene, own, leader, epoch)
    return _self(scene, own, newest, epoch)


def _other(scene: Scene, own: Self, leader: str, epoch: int) -> Act:
    """The Sentinels name another node."""
    name = scene.node.name_at(leader)
    named = f"the Sentinels name {name} in epoch {epoch}"
    # A leader that was just promoted is not named before the Sentinels have seen it: only a newer epoch ends its own.
    if own.leads and (scene.led_epoch is None or epoch <= scene.led_epoch):
        return Stay(f"leads, though {named}")
    found = scene.selves.get(name)
    why = _no_leader(scene.cluster, found)
    if why is not None:
        step = own.leads or (own.leader == leader and _is_foreign(scene.cluster, found))
        return (Step if step else Stay)(f"{named}, which {why}")
    if own.leader == leader:
        return Stay(named)
    return Follow(leader, named)


def _no_leader(cluster: str | None, found: Self | None) -> str | None:
    """The reason why a node can't be followed, or nothing."""
    if found is None:
        return "doesn't answer"
    if _is_foreign(cluster, found):
        return f"has the data of another cluster, {found.cluster}"
    if not found.leads or found.cluster == "":
        return "doesn't lead yet"
    return None


def _is_foreign(cluster: str | None, found: Self | None) -> bool:
    return cluster is not None and found is not None and found.cluster not in ("", cluster)


def _self(scene: Scene, own: Self, newest: list[Word], epoch: int) -> Act:
    """The newest epoch is this node's."""
    node = scene.node
    named = f"{len(newest)} of {len(node.members)} Sentinels name it in epoch {epoch}"
    if own.leads or len(newest) < node.majority:
        return Stay(named)
    if scene.cluster is None:
        return _without_data(scene, named)
    doubts = sorted({doubt for word in scene.words.values() for doubt in word.doubts})
    if doubts:
        return Stay(f"{named}, but say {', '.join(doubts)}")
    if any(word.voted_epoch > epoch for word in scene.words.values()) and not scene.votes_settled:
        return Stay(f"{named}, but have voted since")
    return Lead(False, named)


def _without_data(scene: Scene, named: str) -> Act:
    others = [scene.selves.get(name) for name in scene.node.members if name != scene.node.name]
    if any(other is not None and other.cluster != "" for other in others):
        return HandOver(f"{named}, but its volume is empty")
    if None in others:
        return Stay("waits for every node, to found a cluster where none has data")
    return Lead(True, "no node has data: it founds the cluster")
