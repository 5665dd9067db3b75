"""Brings the cluster's dynamic configuration in etcd to what the description says: through the leader, or before Patroni starts."""

import json
from typing import Any, Mapping

from portico_node import log

from .dcs import Dcs
from .description import Node, Secrets
from .patroni_config import cluster_config
from .peer_http import ask


def ensure_cluster_config(node: Node, secrets: Secrets) -> None:
    """Only what is described is compared: an operator's pause and own parameters stay. Raises PeerError."""
    wanted = cluster_config(node)
    change = difference(ask("127.0.0.1", 8008, "GET", "/config"), wanted)
    if change:
        ask("127.0.0.1", 8008, "PATCH", "/config", change, login=("patroni", secrets.restapi))
        log.info("changed the configuration of the cluster", change=change)


def prepare_cluster_config(node: Node, secrets: Secrets) -> None:
    """
    Before Patroni starts: some of it, `max_connections` above all, is in force only from a server's start on, and with all nodes made
    anew no leader would have changed it before. Raises EtcdError.
    """
    dcs = Dcs(node, secrets)
    known = dcs.read("config")
    if known is None:
        return  # the first node brings it
    try:
        actual = json.loads(known.value)
    except ValueError:
        actual = None
    if not isinstance(actual, dict):
        log.warn("the cluster's configuration in etcd can't be read, and is left as it is")
        return
    # Only this: a node whose description is older must not change how writes are acknowledged.
    wanted = {"postgresql": {"parameters": cluster_config(node)["postgresql"]["parameters"]}}
    change = difference(actual, wanted)
    if change and dcs.write("config", known, json.dumps(merged(actual, change))):
        log.info("changed the configuration of the cluster", change=change)


def hasten(node: Node, secrets: Secrets) -> None:
    """Makes this node's Patroni look at the cluster now, not at its next round in up to loop_wait seconds.

    A change of the configuration that changes nothing is how its API does that. Raises PeerError.
    """
    change = {"loop_wait": cluster_config(node)["loop_wait"]}
    ask("127.0.0.1", 8008, "PATCH", "/config", change, login=("patroni", secrets.restapi))


def difference(actual: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The part of `wanted` that `actual` lacks, in the shape of Patroni's PATCH."""
    change: dict[str, Any] = {}
    for key, value in wanted.items():
        if isinstance(value, Mapping):
            found = actual.get(key)
            inner = difference(found if isinstance(found, Mapping) else {}, value)
            if inner:
                change[key] = inner
        elif actual.get(key) != value:
            change[key] = value
    return change


def merged(actual: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """`actual` with `change` in it, as Patroni's PATCH would leave it."""
    result = dict(actual)
    for key, value in change.items():
        found = result.get(key)
        if isinstance(value, Mapping):
            result[key] = merged(found if isinstance(found, Mapping) else {}, value)
        else:
            result[key] = value
    return result
