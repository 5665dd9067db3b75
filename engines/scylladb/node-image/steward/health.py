"""Is this node a working member, and if not, why not: one line for Docker's health check."""

from portico_node import health
from portico_node.health import Health, failing

from . import paths

__all__ = ["Health", "failing", "tell"]

VALID = 15
"""Seconds for which a verdict holds; a steward that says nothing for longer is no health."""


def tell(found: Health, said: str) -> str:
    return health.tell(found, said, paths.HEALTH, VALID)
