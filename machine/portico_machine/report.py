"""What this machine tells the bucket, and whether another one's report lets it change its image."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from datetime import datetime, timedelta, timezone
from typing import Any

from . import files, paths
from .bucket import Bucket
from .command import Backoff
from .container import Container

EVERY = 60
SOON = 10


class Report:
    def __init__(self, bucket: Bucket, key: str, machine: str) -> None:
        self._bucket = bucket
        self._key = key
        self._machine = machine
        self._service = service_version()
        self._backoff = Backoff()
        self._told: dict[str, Any] = {}
        self._at = float("-inf")

    def tell(self, container: Container | None, problem: str | None) -> None:
        found = describe(self._machine, self._service, container, problem)
        told, age = self._told, time.monotonic() - self._at
        changed = any(found[key] != told.get(key) for key in ("image", "state", "healthy"))
        if changed or (found != told and age > SOON) or age > EVERY:
            self._backoff.attempt(lambda: self._put(found))

    def _put(self, found: dict[str, Any]) -> None:
        path = f"{paths.STATE}/reported.json"
        at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        files.write(path, json.dumps({**found, "at": at}, indent=2) + "\n")
        self._bucket.put(self._key, path)
        self._told = found
        self._at = time.monotonic()


def describe(
    machine: str, service: str, container: Container | None, problem: str | None
) -> dict[str, Any]:
    """The report without its time. `since` is Docker's start of the container, RFC 3339."""
    return {
        "contract": 1,
        "machine": machine,
        "service": service,
        "image": container.image if container else None,
        "state": container.state if container else "absent",
        "healthy": container is not None and container.healthy,
        "why": container.why if container else "there is no container",
        "since": container.since if container else None,
        "memory": container.memory if container else None,
        "problem": problem,
    }


def service_version() -> str:
    """First digits of the digest of the archive that runs."""
    with open(sys.argv[0], "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:12]


FRESH = timedelta(minutes=3)
"""A machine reports every minute; one that is silent for longer may be anything."""


def waits_for(image: str, report: str, now: datetime) -> str | None:
    """The reason to wait, from the text of the other machine's report."""
    try:
        reported = json.loads(report)
        name, at = str(reported["machine"]), datetime.fromisoformat(reported["at"])
        if reported["image"] != image:
            return f"{name} does not run this image yet"
        if not reported["healthy"]:
            return f"{name} runs this image and is not healthy: {reported['why']}"
        if now - at > FRESH:
            return f"{name} has not reported since {at.astimezone(timezone.utc):%H:%M:%S} UTC"
    except (ValueError, KeyError, TypeError) as error:
        return f"its report can't be read: {error!r}"
    return None
