"""Reads node.json and secrets.json, the whole of what a node is told, and names every mistake at once."""

import json
from dataclasses import dataclass, fields
from ipaddress import IPv4Address, ip_address
from typing import Any, Callable, Mapping, Sequence, TypeVar

CONTRACT = 1
WORDS = ("name", "scope", "database", "user")


class DescriptionError(Exception):
    """The mounted description cannot be used; the message lists every mistake."""


@dataclass(frozen=True)
class Node:
    """What every node is told. An engine adds what else its own nodes need."""

    name: str
    scope: str
    address: str
    members: Mapping[str, str]
    """Name and address of every node, in the order of their ordinals."""
    user: str
    memory: int
    """What the container may use, in MiB."""

    @property
    def majority(self) -> int:
        return len(self.members) // 2 + 1


N = TypeVar("N", bound=Node)
S = TypeVar("S")


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def node_from(
    raw: Mapping[str, Any],
    kind: type[N],
    least_memory: int,
    *,
    is_word: Callable[[Any], bool] = is_text,
    ipv4: bool = False,
    further: Sequence[str] = (),
) -> N:
    """A node of that `kind`, from node.json. `further`: mistakes that the engine itself has found."""
    if raw.get("contract") != CONTRACT:
        raise DescriptionError(f"node.json: contract is {raw.get('contract')!r}, this image reads {CONTRACT}")
    names = [field.name for field in fields(kind)]
    wrong = [f"{key} must be a word" for key in WORDS if key in names and not is_word(raw.get(key))]
    members = raw.get("members")
    if not isinstance(members, dict) or not all(_is_address(address, ipv4) for address in members.values()):
        wrong.append(f"members must map each node's name to its {'IPv4 ' if ipv4 else ''}address")
    elif members.get(raw.get("name")) != raw.get("address"):
        wrong.append("members must hold this node's own name and address")
    memory = raw.get("memory")
    if not isinstance(memory, int) or memory < least_memory:
        wrong.append(f"memory must be at least {least_memory} (MiB)")
    wrong += further
    if wrong:
        raise DescriptionError(f"node.json: {'; '.join(wrong)}")
    return kind(**{name: raw[name] for name in names})


def secrets_from(
    raw: Mapping[str, Any],
    kind: type[S],
    *,
    is_word: Callable[[Any], bool] = is_text,
    lacks: str = "no password for",
) -> S:
    """The passwords that are the fields of `kind`, from secrets.json."""
    names = [field.name for field in fields(kind)]
    wrong = [name for name in names if not is_word(raw.get(name))]
    if wrong:
        raise DescriptionError(f"secrets.json: {lacks} {', '.join(wrong)}")
    return kind(**{name: raw[name] for name in names})


def load(path: str) -> Mapping[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            raw = json.load(file)
    except (OSError, ValueError) as error:
        raise DescriptionError(f"{path}: {error}") from error
    if not isinstance(raw, dict):
        raise DescriptionError(f"{path}: must hold an object")
    return raw


def _is_address(value: Any, ipv4: bool) -> bool:
    try:
        address = ip_address(value)
    except ValueError:
        return False
    return not ipv4 or isinstance(address, IPv4Address)
