"""Becomes etcd, as this node's member: founding the cluster, coming back to it, or replacing a lost self."""

import os
import time
from typing import Any

from portico_node import log

from . import paths
from .description import DescriptionError, Node, read_etcd_root, read_node
from .etcd_api import EtcdError, authenticate, call


def main() -> None:
    while not os.path.exists(f"{paths.NODE}/node.json"):
        time.sleep(0.1)  # the steward writes it last
    try:
        node, root = read_node(), read_etcd_root()
    except DescriptionError as error:
        log.error(f"etcd is not started: {error}")
        time.sleep(5)  # the supervisor starts this again
        raise SystemExit(1) from error
    state = "new"
    # etcd itself takes a log on disk for the sign that this member has been here before, and then
    # ignores what the command line says of the cluster.
    if not os.path.isdir(f"{paths.ETCD_DATA}/member/wal"):
        state = _initial_state(node, root)
    os.execv("/usr/bin/etcd", _command(node, state))


def _initial_state(node: Node, root: str) -> str:
    """`existing` where the others know a cluster that this member's lost volume was part of."""
    for name, address in node.members.items():
        if name == node.name:
            continue
        try:
            token = authenticate(address, "root", root)
            found = call(address, "/v3/cluster/member/list", {"linearizable": True}, token)
        except EtcdError:
            continue  # not there (yet): when all are new, nobody is
        mine = [m for m in found["members"] if _peer_url(node.address) in m.get("peerURLs", [])]
        if mine and mine[0].get("name") and not mine[0].get("clientURLs"):
            return "new"  # listed by the founders, and has only not been started yet
        _rejoin(node, address, token, mine)
        return "existing"
    return "new"


def _rejoin(node: Node, address: str, token: str | None, mine: list[Any]) -> None:
    """A member without its log must not vote under its old identity: it leaves and joins anew."""
    for member in mine:
        if not member.get("name"):
            return  # added by an earlier try that did not get as far as starting etcd
        log.warn(f"{node.name} has lost its etcd data: replacing the member through {address}")
        call(address, "/v3/cluster/member/remove", {"ID": member["ID"]}, token)
    call(address, "/v3/cluster/member/add", {"peerURLs": [_peer_url(node.address)]}, token)


def _command(node: Node, state: str) -> list[str]:
    members = ",".join(f"{name}={_peer_url(address)}" for name, address in node.members.items())
    # The certificates are read where they are mounted, by each handshake: a new one needs no restart.
    tls = [
        option
        for side in ("", "peer-")
        for option in (
            f"--{side}cert-file={paths.PEER_CERT}",
            f"--{side}key-file={paths.PEER_KEY}",
            f"--{side}trusted-ca-file={paths.CA}",
            f"--{side}client-cert-auth",
        )
    ]
    return [
        "etcd",
        f"--name={node.name}",
        f"--data-dir={paths.ETCD_DATA}",
        "--listen-peer-urls=https://0.0.0.0:2380",
        "--listen-client-urls=https://0.0.0.0:2379",
        f"--initial-advertise-peer-urls={_peer_url(node.address)}",
        f"--advertise-client-urls=https://{node.address}:2379",
        f"--initial-cluster={members}",
        f"--initial-cluster-token={node.scope}",
        f"--initial-cluster-state={state}",
        # Patient enough for a busy two-core machine, and still well inside Patroni's retry_timeout.
        "--heartbeat-interval=150",
        "--election-timeout=1500",
        # Patroni rewrites a handful of small keys for ever: little history, little space.
        "--auto-compaction-mode=periodic",
        "--auto-compaction-retention=30m",
        "--quota-backend-bytes=268435456",
        "--snapshot-count=5000",
        "--tls-min-version=TLS1.2",
        "--log-level=warn",
        *tls,
    ]


def _peer_url(address: str) -> str:
    return f"https://{address}:2380"


if __name__ == "__main__":
    main()
