"""Tells the bucket what runs here: at once when that changes, soon when the words change, and every minute."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from datetime import datetime, timezone
from typing import Any

from . import files, paths
from .container import Container
from .s3 import Bucket
from .trouble import Backoff

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
