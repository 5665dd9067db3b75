"""Reads node.json and secrets.json, the whole of what a node is told, and names every mistake at once."""

from dataclasses import dataclass

from portico_node import description
from portico_node.description import DescriptionError, load, node_from, secrets_from

from . import paths

__all__ = ["DescriptionError", "Node", "Secrets", "read_node", "read_secrets"]


@dataclass(frozen=True)
class Node(description.Node):
    database: str

    @property
    def ordinal(self) -> int:
        """1 for the first member. Numbers compare as numbers: `orders-10` comes after `orders-9`."""
        return sorted(self.members, key=_by_ordinal).index(self.name) + 1


@dataclass(frozen=True)
class Secrets:
    replication: str
    app: str
    portal: str


def read_node() -> Node:
    return node_from(load(f"{paths.NODE}/node.json"), Node, least_memory=512)


def read_secrets() -> Secrets:
    return secrets_from(load(f"{paths.NODE}/secrets.json"), Secrets)


def _by_ordinal(name: str) -> tuple[int, str]:
    last = name.rsplit("-", 1)[-1]
    return (int(last) if last.isdigit() else 0, name)
