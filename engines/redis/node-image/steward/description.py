"""Reads node.json and secrets.json, the whole of what a node is told, and names every mistake at once."""

import json
from dataclasses import dataclass, fields
from ipaddress import ip_address
from typing import Any, Mapping

from . import paths

CONTRACT = 1


class DescriptionError(Exception):
    """The mounted description cannot be used; the message lists every mistake."""


@dataclass(frozen=True)
class Node:
    name: str
    scope: str
    address: str
    members: Mapping[str, str]
    user: str
    memory: int
    """What the container may use, in MiB."""

    @property
    def majority(self) -> int:
        return len(self.members) // 2 + 1

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
    return parse_node(_load(f"{paths.NODE}/node.json"))


def read_secrets() -> Secrets:
    raw = _load(f"{paths.NODE}/secrets.json")
    names = [field.name for field in fields(Secrets)]
    wrong = [name for name in names if not (isinstance(raw.get(name), str) and _is_word(raw[name]))]
    if wrong:
        raise DescriptionError(f"secrets.json: no password, or one with a blank, for {', '.join(wrong)}")
    return Secrets(**{name: raw[name] for name in names})


def parse_node(raw: Mapping[str, Any]) -> Node:
    if raw.get("contract") != CONTRACT:
        raise DescriptionError(
            f"node.json: contract is {raw.get('contract')!r}, this image reads {CONTRACT}"
        )
    wrong = [
        f"{key} must be a word"
        for key in ("name", "scope", "user")
        if not (isinstance(raw.get(key), str) and _is_word(raw[key]))
    ]
    members = raw.get("members")
    if not isinstance(members, dict) or not all(map(_is_address, members.values())):
        wrong.append("members must map each node's name to its address")
    elif members.get(raw.get("name")) != raw.get("address"):
        wrong.append("members must hold this node's own name and address")
    if not isinstance(raw.get("memory"), int) or raw["memory"] < 256:
        wrong.append("memory must be at least 256 (MiB)")
    if wrong:
        raise DescriptionError(f"node.json: {'; '.join(wrong)}")
    return Node(**{field.name: raw[field.name] for field in fields(Node)})


def _is_word(value: str) -> bool:
    """One word of a configuration file: nothing in it could end it and begin another."""
    return value != "" and value.isprintable() and not any(sign in value for sign in " \"'\\")


def _is_address(value: Any) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _load(path: str) -> Mapping[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            raw = json.load(file)
    except (OSError, ValueError) as error:
        raise DescriptionError(f"{path}: {error}") from error
    if not isinstance(raw, dict):
        raise DescriptionError(f"{path}: must hold an object")
    return raw
