"""Reads node.json and secrets.json, the whole of what a node is told, and names every mistake at once."""

from dataclasses import dataclass

from portico_node import description
from portico_node.description import DescriptionError, load, node_from, secrets_from

from . import paths

__all__ = ["DescriptionError", "Node", "Secrets", "read_node", "read_secrets"]


@dataclass(frozen=True)
class Node(description.Node):
    @property
    def others(self) -> list[str]:
        """The other members' addresses."""
        return [address for address in self.members.values() if address != self.address]

    @property
    def ordinal(self) -> int:
        """From 0."""
        return list(self.members).index(self.name)


@dataclass(frozen=True)
class Secrets:
    admin: str
    app: str
    portal: str


def read_node() -> Node:
    return node_from(load(f"{paths.NODE}/node.json"), Node, least_memory=512)


def read_secrets() -> Secrets:
    return secrets_from(load(f"{paths.NODE}/secrets.json"), Secrets)
