"""Is this node a working member, and if not, why not: one line for Docker's health check."""

import time
import traceback
from dataclasses import dataclass, replace

from . import files, log, paths
from .description import Node
from .server import State

VALID = 10
"""Seconds for which a verdict holds; a steward that says nothing for longer is no health."""


@dataclass(frozen=True)
class Health:
    healthy: bool
    why: str
    trace: str = ""
    """Of a fault that nobody foresaw, which is an alarm."""


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


def failing(found: Health, error: Exception, what: str = "the steward fails") -> Health:
    """With a fault that nobody foresaw. Its rounds go on, but what they should do isn't done."""
    why = "; ".join(filter(None, [found.why, f"{what}: {error!r}"]))
    return replace(found, healthy=False, why=why, trace=found.trace + "".join(traceback.format_exception(error)))


def tell(found: Health, said: str) -> str:
    """
    Publishes the verdict, and logs it unless it is what was `said` last; gives what is said now. One that can't be published raises nothing:
    the one before it ends after `VALID` seconds, so that no node looks healthy for ever.
    """
    try:
        _publish(found)
    except Exception as error:
        found = failing(found, error, "its health can't be published")
    if found.why != said:
        if found.trace:
            log.error(found.why, alarm=True, trace=found.trace)
        else:
            (log.info if found.healthy else log.warn)(found.why)
    return found.why


def _publish(health: Health) -> None:
    until = int(time.clock_gettime(time.CLOCK_BOOTTIME)) + VALID
    verdict = "healthy" if health.healthy else "unhealthy"
    files.write(paths.HEALTH, f"{until} {verdict} {health.why}\n", 0o644)
