"""Is this node a working member, and if not, why not: one line for Docker's health check, which the image's `health` reads."""

import time
import traceback
from dataclasses import dataclass, replace
from typing import TypeVar

from . import files, log


@dataclass(frozen=True)
class Health:
    """An engine may add fields."""

    healthy: bool
    why: str
    trace: str = ""
    """Of a fault that nobody foresaw, which is an alarm."""


H = TypeVar("H", bound=Health)


def failing(found: H, error: Exception, what: str = "the steward fails") -> H:
    """With a fault that nobody foresaw. Its rounds go on, but what they should do isn't done."""
    why = "; ".join(filter(None, [found.why, f"{what}: {error!r}"]))
    return replace(found, healthy=False, why=why, trace=found.trace + "".join(traceback.format_exception(error)))


def tell(found: Health, said: str, path: str, valid: int) -> str:
    """
    Publishes the verdict at that path, and logs it unless it is what was `said` last; gives what is said now. It holds for `valid` seconds: a
    steward that says nothing for longer is no health. A verdict that can't be published raises nothing: the one before it ends after that
    time, so that no node looks healthy for ever.
    """
    try:
        _publish(found, path, valid)
    except Exception as error:
        found = failing(found, error, "its health can't be published")
    if found.why != said:
        if found.trace:
            log.error(found.why, alarm=True, trace=found.trace)
        else:
            (log.info if found.healthy else log.warn)(found.why)
    return found.why


def _publish(health: Health, path: str, valid: int) -> None:
    until = int(time.clock_gettime(time.CLOCK_BOOTTIME)) + valid
    verdict = "healthy" if health.healthy else "unhealthy"
    files.write(path, f"{until} {verdict} {health.why}\n", 0o644)
