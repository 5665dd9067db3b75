"""The bucket, through the AWS CLI: credentials come from instance metadata, and every call ends by its deadline."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from . import command
from .trouble import Trouble

# The CLI would otherwise ask three times and wait a minute each.
LIMITS = ("--cli-connect-timeout", "5", "--cli-read-timeout", "20", "--no-cli-pager")
ENVIRONMENT = {"AWS_MAX_ATTEMPTS": "2"}


@dataclass(frozen=True)
class Entry:
    etag: str
    size: int


class Bucket:
    def __init__(self, name: str, region: str) -> None:
        self._name = name
        self._region = region

    def list(self, prefix: str) -> dict[str, Entry]:
        query = ("--query", "Contents[].[Key, ETag, Size]", "--output", "json")
        found = self._call("list-objects-v2", ("--prefix", prefix, *query), prefix, 40)
        return {key: Entry(etag, size) for key, etag, size in json.loads(found or "null") or []}

    def look_up(self, key: str) -> Entry:
        found = json.loads(self._call("head-object", ("--key", key, "--output", "json"), key, 40))
        return Entry(found["ETag"], found["ContentLength"])

    def fetch(self, key: str, entry: Entry, path: str, seconds: float = 40) -> None:
        """Writes to `path` exactly what `entry` says, or raises Trouble."""
        self._call("get-object", ("--key", key, "--if-match", entry.etag, path), key, seconds)
        size = os.path.getsize(path)
        if size != entry.size:
            raise Trouble(f"S3 get-object {key}: {size} bytes came, {entry.size} were promised")

    def put(self, key: str, path: str) -> None:
        content = ("--body", path, "--content-type", "application/json")
        self._call("put-object", ("--key", key, *content), key, 40)

    def _call(self, operation: str, args: tuple[str, ...], about: str, seconds: float) -> str:
        where = ("--region", self._region, "--bucket", self._name)
        try:
            return command.run(
                ("aws", "s3api", operation, *where, *LIMITS, *args), seconds, ENVIRONMENT
            )
        except Trouble as trouble:
            why = str(trouble).replace("aws s3api: ", "", 1)
            raise Trouble(f"S3 {operation} {about}: {why}") from trouble
