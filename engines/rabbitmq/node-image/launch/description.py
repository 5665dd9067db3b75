"""Reads node.json and secrets.json, the whole of what a node is told, and names every mistake at once."""

import json
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from typing import Any, Mapping

from . import paths

CONTRACT = 1
LEAST_MEMORY = 256


class DescriptionError(Exception):
    """The mounted description cannot be used; the message lists every mistake."""


@dataclass(frozen=True)
class Node:
    name: str
    scope: str
    address: str
    members: Mapping[str, str]
    database: str
    user: str
    memory: int
    """What the container may use, in MiB."""


@dataclass(frozen=True)
class Secrets:
    app: str
    cookie: str


def read_node() -> Node:
    return parse_node(_load(f"{paths.NODE}/node.json"))


def read_secrets() -> Secrets:
    raw = _load(f"{paths.NODE}/secrets.json")
    wrong = [name for name in ("app", "cookie") if not _is_word(raw.get(name))]
    if wrong:
        raise DescriptionError(f"secrets.json: no password for {', '.join(wrong)}")
    return Secrets(app=raw["app"], cookie=raw["cookie"])


def parse_node(raw: Mapping[str, Any]) -> Node:
    if raw.get("contract") != CONTRACT:
        raise DescriptionError(
            f"node.json: contract is {raw.get('contract')!r}, this image reads {CONTRACT}"
        )
    words = ("name", "scope", "database", "user")
    wrong = [f"{key} must be a word" for key in words if not _is_word(raw.get(key))]
    members = raw.get("members")
    if not isinstance(members, dict) or not all(map(_is_address, members.values())):
        wrong.append("members must map each node's name to its IPv4 address")
    elif members.get(raw.get("name")) != raw.get("address"):
        wrong.append("members must hold this node's own name and address")
    memory = raw.get("memory")
    if not isinstance(memory, int) or memory < LEAST_MEMORY:
        wrong.append(f"memory must be at least {LEAST_MEMORY} (MiB)")
    if wrong:
        raise DescriptionError(f"node.json: {'; '.join(wrong)}")
    keys = (*words, "address", "members", "memory")
    return Node(**{key: raw[key] for key in keys})


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_address(value: Any) -> bool:
    try:
        return isinstance(ip_address(value), IPv4Address)
    except ValueError:
        return False


def _load(path: str) -> Mapping[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            raw = json.load(file)
    except (OSError, ValueError) as error:
        raise DescriptionError(f"{path}: {error}") from error
    if not isinstance(raw, dict):
        raise DescriptionError(f"{path}: must hold an object")
    return raw
