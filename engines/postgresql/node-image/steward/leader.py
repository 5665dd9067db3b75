"""Another node that leads, by its own word; and a copy of its data in the place of this node's."""

from dataclasses import dataclass
from typing import Any, Mapping

from portico_node import log

from .dcs import Dcs
from .description import Node, Secrets
from .founding import IDENTITY, control
from .peer_http import PeerError, ask

COPIES = "removes this node's data, and copies the leader's anew: "


@dataclass(frozen=True)
class Leader:
    """Another node, which holds the leader's key and whose server is a primary at this moment."""

    name: str
    identity: str
    timeline: int
    history: str
    """Patroni's key `history`; empty where there is none."""


@dataclass(frozen=True)
class Unknown:
    why: str


def ask_leader(node: Node, secrets: Secrets) -> Leader | Unknown | None:
    """None where no other node leads, since then this one may have the only good copy; or where an operator has the cluster in hand."""
    try:
        dcs = Dcs(node, secrets)
        key, history = dcs.read("leader"), dcs.read("history")
        if key is None or key.value == node.name:
            return None
        if key.value not in node.members:
            return Unknown(f"{key.value} leads, and is no described member")
        status = ask(node.members[key.value], 8008, "GET", "/patroni")
    except PeerError as error:
        return Unknown(str(error))
    return leader_of(key.value, status, history.value if history else "")


def ask_leader_of_same_data(node: Node, secrets: Secrets) -> Leader | None:
    """A leader whose data may take the place of this node's: of the same database."""
    leader = ask_leader(node, secrets)
    return leader if isinstance(leader, Leader) and leader.identity == control().get(IDENTITY) else None


def leader_of(name: str, status: Mapping[str, Any], history: str) -> Leader | Unknown | None:
    """`status` is the JSON of GET /patroni at the node that holds the leader's key. None where an operator has paused the cluster."""
    if status.get("pause"):
        return None
    identity, timeline = status.get("database_system_identifier"), status.get("timeline")
    if status.get("role") != "primary" or status.get("state") != "running" or not identity or not timeline:
        return Unknown(f"{name} holds the leader's key, and is no primary yet")
    return Leader(name, identity, timeline, history)


def copy_anew(secrets: Secrets, why: str, force: bool = False) -> None:
    """
    Has Patroni begin with it, which refuses where this node leads, or nobody. `force`: what Patroni is at otherwise ends, also an earlier
    copy. Raises PeerError.
    """
    body = {"force": True} if force else {}
    try:
        ask("127.0.0.1", 8008, "POST", "/reinitialize", body, timeout=5.0, login=("patroni", secrets.restapi))
    except PeerError as error:
        if error.status == 200:  # its answer is no JSON
            log.warn(COPIES + why)
        elif "reinitialize already in progress" not in str(error):
            raise
