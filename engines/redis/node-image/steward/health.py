"""Is this node a working member, and if not, why not: one line for Docker's health check."""

import time
import traceback
from dataclasses import dataclass, replace

from . import files, log, paths
from .decide import Scene

VALID = 10
"""Seconds for which a verdict holds; a steward that says nothing for longer is no health."""


@dataclass(frozen=True)
class Health:
    healthy: bool
    why: str
    trace: str = ""
    """Of a fault that nobody foresaw, which is an alarm."""


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
