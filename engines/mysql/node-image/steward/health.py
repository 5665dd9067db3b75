"""Is this node a working member, and if not, why not: one line for Docker's health check."""

from portico_node import health
from portico_node.health import Health, failing

from . import paths
from .description import Node
from .server import State

__all__ = ["Health", "failing", "judge", "serves", "tell"]

VALID = 10
"""Seconds for which a verdict holds; a steward that says nothing for longer is no health."""


def judge(node: Node, state: State | None, step: str) -> Health:
    if state is None:
        return Health(False, f"MySQL doesn't answer: {step}" if step else "MySQL doesn't answer")
    own = state.own
    what = f"{own.role.lower()} {own.state.lower()}".strip()
    if own.state != "ONLINE":
        return Health(False, f"{what}: {step}" if step else what)
    if state.online < node.majority:
        return Health(False, f"{what}, {state.online} of {len(node.members)} members are online")
    return Health(True, what)


def serves(node: Node, state: State, role: str) -> bool:
    """By the rule of the portals: a group without a majority of the cluster's nodes takes no writes."""
    if role == "primary":
        return state.leads and state.online >= node.majority
    return state.own.state == "ONLINE"


def tell(found: Health, said: str) -> str:
    return health.tell(found, said, paths.HEALTH, VALID)
