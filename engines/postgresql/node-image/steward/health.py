"""Is this node a working member, and if not, why not: one line for Docker's health check."""

from dataclasses import dataclass
from typing import Any, Mapping

from portico_node import health
from portico_node.health import failing

from . import paths
from .etcd_api import is_healthy
from .peer_http import PeerError, ask

__all__ = ["Health", "failing", "judge", "observe", "tell"]

VALID = 10
"""Seconds for which a verdict holds; a steward that says nothing for longer is no health."""


@dataclass(frozen=True)
class Health(health.Health):
    leads: bool = False
    joining: bool = False
    """A replica streams and is not yet part of the quorum: Patroni has something to do."""
    follows: bool = False
    """A replica that runs, whether it streams or not."""


def observe(durability: str) -> Health:
    etcd = is_healthy("127.0.0.1")
    try:
        status = ask("127.0.0.1", 8008, "GET", "/patroni")
    except PeerError as error:
        return Health(False, f"{_etcd(etcd)}; Patroni: {error}")
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
    why = f"{_etcd(etcd)}; PostgreSQL: {how}"
    return Health(etcd and working, why, leads=leads, joining=joining, follows=follows)


def tell(found: Health, said: str) -> str:
    return health.tell(found, said, paths.HEALTH, VALID)


def _etcd(healthy: bool) -> str:
    return "etcd: healthy" if healthy else "etcd: no quorum"
