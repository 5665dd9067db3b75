"""Is this node a working member, and if not, why not: one line for Docker's health check."""

import time
from dataclasses import dataclass

from . import files, paths

VALID = 15
"""Seconds for which a verdict holds; a steward that says nothing for longer is no health."""


@dataclass(frozen=True)
class Health:
    healthy: bool
    why: str


def publish(health: Health) -> None:
    until = int(time.clock_gettime(time.CLOCK_BOOTTIME)) + VALID
    verdict = "healthy" if health.healthy else "unhealthy"
    files.write(paths.HEALTH, f"{until} {verdict} {health.why}\n", 0o644)
