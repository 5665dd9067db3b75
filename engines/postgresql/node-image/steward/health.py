"""Is this node a working member, and if not, why not: one line for Docker's health check."""

import time
import traceback
from dataclasses import dataclass, replace
from typing import Any, Mapping

from . import files, log, paths
from .etcd_api import is_healthy
from .peer_http import PeerError, ask

VALID = 10
"""Seconds for which a verdict holds; a steward that says nothing for longer is no health."""


@dataclass(frozen=True)
class Health:
    healthy: bool
    leads: bool
    why: str
    joining: bool = False
    """A replica streams and is not yet part of the quorum: Patroni has something to do."""
    follows: bool = False
    """A replica that runs, whether it streams or not."""
    trace: str = ""
    """Of a fault that nobody foresaw, which is an alarm."""


def observe(durability: str) -> Health:
    etcd = is_healthy("127.0.0.1")
    try:
        status = ask("127.0.0.1", 8008, "GET", "/patroni")
    except PeerError as error:
        return Health(False, False, f"{_etcd(etcd)}; Patroni: {error}")
    return judge(etcd, status, durability)


def judge(etcd: bool, status: Mapping[str, Any], durability: str) -> Health:
    """`status` is the JSON of Patroni's GET /patroni."""
    role, state = status.get("role"), status.get("state")
    leads = role == "primary" and state == "running"
    replication = status.get("replication_state")
    working = leads or (state == "running" and replication == "streaming")
    how = f"{role} {replication or state}"
    joining = False
    if durability == "quorum" and leads:
        joining = any(
            replica.get("state") == "streaming" and replica.get("sync_state") != "quorum"
            for replica in status.get("replication", [])
        )
    elif durability == "quorum" and working and not status.get("quorum_standby"):
        # Patroni promotes no node that is not in the quorum, not even on demand.
        working, joining = False, True
        how += ", not yet part of the quorum"
    if status.get("pending_restart"):
        how += ", a restart is due for all of its configuration (patronictl restart --pending --force <deployment>)"
    if leads and not etcd:
        how += ", kept by failsafe mode"
    if not etcd and not leads and state == "running":
        how += ", read-only until a majority of the nodes is back"
    follows = role == "replica" and state == "running"
    return Health(etcd and working, leads, f"{_etcd(etcd)}; PostgreSQL: {how}", joining, follows)


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


def _etcd(healthy: bool) -> str:
    return "etcd: healthy" if healthy else "etcd: no quorum"
