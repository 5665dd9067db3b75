"""Reads node.json and secrets.json, the whole of what a node is told, and names every mistake at once."""

from dataclasses import dataclass

from portico_node.description import DescriptionError, Node, load, node_from, secrets_from

from . import paths

__all__ = ["DescriptionError", "Node", "Secrets", "read_node", "read_secrets"]


@dataclass(frozen=True)
class Secrets:
    app: str


def read_node() -> Node:
    return node_from(load(f"{paths.NODE}/node.json"), Node, least_memory=768, ipv4=True)


def read_secrets() -> Secrets:
    return secrets_from(load(f"{paths.NODE}/secrets.json"), Secrets)
