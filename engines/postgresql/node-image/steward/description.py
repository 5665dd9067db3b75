"""Reads node.json and secrets.json, the whole of what a node is told, and names every mistake at once."""

import json
from dataclasses import dataclass, fields
from ipaddress import ip_address
from typing import Any, Mapping

from . import paths

CONTRACT = 1
DURABILITIES = ("quorum", "async")


class DescriptionError(Exception):
    """The mounted description cannot be used; the message lists every mistake."""


@dataclass(frozen=True)
class Node:
    name: str
    scope: str
    address: str
    members: Mapping[str, str]
    durability: str
    database: str
    user: str
    memory: int
    """What the container may use, in MiB."""


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
    return parse_node(_load(f"{paths.NODE}/node.json"))


def read_secrets() -> Secrets:
    raw = _load(f"{paths.NODE}/secrets.json")
    names = [field.name for field in fields(Secrets)]
    wrong = [name for name in names if not (isinstance(raw.get(name), str) and raw[name])]
    if wrong:
        raise DescriptionError(f"secrets.json: no password for {', '.join(wrong)}")
    return Secrets(**{name: raw[name] for name in names})


def read_etcd_root() -> str:
    """All that etcd's own user knows of the secrets."""
    password = _load(f"{paths.NODE}/secrets.json").get("etcdRoot")
    if not (isinstance(password, str) and password):
        raise DescriptionError("secrets.json: no password for etcdRoot")
    return password


def parse_node(raw: Mapping[str, Any]) -> Node:
    if raw.get("contract") != CONTRACT:
        raise DescriptionError(
            f"node.json: contract is {raw.get('contract')!r}, this image reads {CONTRACT}"
        )
    wrong = [
        f"{key} must be a word"
        for key in ("name", "scope", "database", "user")
        if not (isinstance(raw.get(key), str) and raw[key])
    ]
    members = raw.get("members")
    if not isinstance(members, dict) or not all(map(_is_address, members.values())):
        wrong.append("members must map each node's name to its address")
    elif members.get(raw.get("name")) != raw.get("address"):
        wrong.append("members must hold this node's own name and address")
    if raw.get("durability") not in DURABILITIES:
        wrong.append(f"durability must be one of {', '.join(DURABILITIES)}")
    if not isinstance(raw.get("memory"), int) or raw["memory"] < 256:
        wrong.append("memory must be at least 256 (MiB)")
    if wrong:
        raise DescriptionError(f"node.json: {'; '.join(wrong)}")
    return Node(**{field.name: raw[field.name] for field in fields(Node)})


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
