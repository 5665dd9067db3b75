"""Is this node a working member, and if not, why not: one line for Docker's health check."""

from portico_node import health
from portico_node.health import Health, failing

from . import paths
from .decide import Scene

__all__ = ["Health", "failing", "judge", "tell"]

VALID = 10
"""Seconds for which a verdict holds; a steward that says nothing for longer is no health."""


def judge(scene: Scene) -> Health:
    node, own = scene.node, scene.selves.get(scene.node.name)
    if own is None:
        return Health(False, "the server doesn't answer")
    role = _role(scene)
    if node.name not in scene.words:
        return Health(False, f"{role}; its Sentinel doesn't answer")
    if scene.cluster is None:
        return Health(False, f"{role}, without data yet")
    if own.leads:
        return Health(own.linked or len(node.members) == 1, role)
    return Health(own.linked and own.leader in node.members.values(), role)


def _role(scene: Scene) -> str:
    own = scene.selves[scene.node.name]
    if own.leads:
        alone = not own.linked and len(scene.node.members) > 1
        return "leads, but takes no writes: no replica receives them" if alone else "leads"
    if own.leader not in scene.node.members.values():
        return "follows nobody"
    leader = scene.node.name_at(own.leader)
    return f"replica of {leader}" if own.linked else f"replica of {leader}, from which it receives nothing"


def tell(found: Health, said: str) -> str:
    return health.tell(found, said, paths.HEALTH, VALID)
