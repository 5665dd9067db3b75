"""Reads node.json and secrets.json, the whole of what a node is told, and names every mistake at once."""

from dataclasses import dataclass

from portico_node import description
from portico_node.description import DescriptionError, is_text, load, node_from, secrets_from

from . import paths

__all__ = ["DescriptionError", "Node", "Secrets", "read_etcd_root", "read_node", "read_secrets"]

DURABILITIES = ("quorum", "async")


@dataclass(frozen=True)
class Node(description.Node):
    durability: str
    database: str


@dataclass(frozen=True)
class Secrets:
    superuser: str
    replication: str
    rewind: str
    app: str
    etcdRoot: str
    etcdPatroni: str
    etcdPortal: str
    restapi: str


def read_node() -> Node:
    raw = load(f"{paths.NODE}/node.json")
    known = raw.get("durability") in DURABILITIES
    further = [] if known else [f"durability must be one of {', '.join(DURABILITIES)}"]
    return node_from(raw, Node, least_memory=256, further=further)


def read_secrets() -> Secrets:
    return secrets_from(load(f"{paths.NODE}/secrets.json"), Secrets)


def read_etcd_root() -> str:
    """All that etcd's own user knows of the secrets."""
    password = load(f"{paths.NODE}/secrets.json").get("etcdRoot")
    if not is_text(password):
        raise DescriptionError("secrets.json: no password for etcdRoot")
    return password
