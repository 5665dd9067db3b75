"""Reads node.json and secrets.json, the whole of what a node is told, and names every mistake at once."""

from dataclasses import dataclass
from typing import Any

from portico_node import description
from portico_node.description import DescriptionError, is_text, load, node_from, secrets_from

from . import paths

__all__ = ["DescriptionError", "Node", "Secrets", "read_node", "read_secrets"]


@dataclass(frozen=True)
class Node(description.Node):
    @property
    def first(self) -> str:
        """Address of the node that leads a cluster in its very beginning."""
        return next(iter(self.members.values()))

    def name_at(self, address: str) -> str:
        return next((name for name, at in self.members.items() if at == address), address)


@dataclass(frozen=True)
class Secrets:
    app: str
    replication: str
    sentinel: str
    operator: str


def read_node() -> Node:
    return node_from(load(f"{paths.NODE}/node.json"), Node, least_memory=256, is_word=_is_word)


def read_secrets() -> Secrets:
    raw = load(f"{paths.NODE}/secrets.json")
    return secrets_from(raw, Secrets, is_word=_is_word, lacks="no password, or one with a blank, for")


def _is_word(value: Any) -> bool:
    """One word of a configuration file: nothing in it could end it and begin another."""
    return is_text(value) and value.isprintable() and not any(sign in value for sign in " \"'\\")
