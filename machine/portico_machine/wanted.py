"""machine.json: what this machine is to run. This reader owns the contract, and names every mistake at once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Iterator

CONTRACT = 1

IMAGE = re.compile(r"sha256:[0-9a-f]{64}")
SERIAL = re.compile(r"vol[0-9a-f]{8,17}")
MOUNT = re.compile(r"/var/lib/[a-z][a-z-]*")
OTHERS_REPORT = re.compile(r"reported/[a-z0-9-]+/[a-z0-9-]+/machine\.json")
DOCUMENT = re.compile(r"[a-z0-9-]+/document\.json")


class Unusable(Exception):
    """machine.json can't be used; the message lists every mistake."""


@dataclass(frozen=True)
class Volume:
    serial: str
    """Id of the EBS volume without its dash, which is how its device is called."""
    mount: str


@dataclass(frozen=True)
class Wanted:
    role: str
    """`node` or `portal`."""
    image: str
    """Id of the image; its hex digits name the archive, too."""
    memory: int
    """MiB."""
    volume: Volume | None
    after: str | None
    """Key of another machine's report, which must show this image as running and healthy before ours is changed."""
    documentKey: str | None


def parse(text: str) -> Wanted:
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise Unusable(f"is not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise Unusable("must hold an object")
    if raw.get("contract") != CONTRACT:
        raise Unusable(f"has contract {raw.get('contract')!r}, this service reads {CONTRACT}")
    wrong = list(_mistakes(raw))
    if wrong:
        raise Unusable("; ".join(wrong))
    volume = raw.get("volume")
    return Wanted(
        role=raw["role"],
        image=raw["image"],
        memory=raw["memory"],
        volume=Volume(**volume) if volume else None,
        after=raw["after"]["key"] if "after" in raw else None,
        documentKey=raw.get("documentKey"),
    )


def _mistakes(raw: dict[str, Any]) -> Iterator[str]:
    role = raw.get("role")
    if role not in ("node", "portal"):
        yield "role must be node or portal"
    if not _matches(IMAGE, raw.get("image")):
        yield "image must be sha256: and 64 hex digits"
    if type(raw.get("memory")) is not int or raw["memory"] < 64:
        yield "memory must be at least 64 (MiB)"
    if role == "node" and "volume" not in raw:
        yield "a node must have a volume"
    if role == "portal" and not _matches(DOCUMENT, raw.get("documentKey")):
        yield "documentKey of a portal must be <deployment>/document.json"
    if "volume" in raw and not _is(raw["volume"], serial=SERIAL, mount=MOUNT):
        yield (
            "volume must hold a serial (vol and hex digits) "
            "and a mount below /var/lib, nothing else"
        )
    if "after" in raw and not _is(raw["after"], key=OTHERS_REPORT):
        yield "after must hold the key of another machine's report, nothing else"
    own = {"node": "volume", "portal": "documentKey"}.get(str(role), "")
    unknown = set(raw) - {"contract", "role", "image", "memory", "after", own}
    if unknown:
        yield f"{', '.join(sorted(map(repr, unknown)))} not known for a {role}"


def _is(value: Any, **fields: re.Pattern[str]) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == set(fields)
        and all(_matches(pattern, value[name]) for name, pattern in fields.items())
    )


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
