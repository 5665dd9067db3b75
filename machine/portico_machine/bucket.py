"""
The bucket, through the AWS CLI (credentials come from instance metadata, and every call ends by its deadline), and this machine's prefix in
it: one listing tells by the ETags what has changed, and only that is fetched.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass

from . import command, files, log, paths
from .command import Trouble
from .wanted import Unusable, Wanted, parse

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


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
LONGEST = 64 * 1024


class Documents:
    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._read: Entry | None = None
        self._refused = ""
        self._placed: dict[str, Entry] = {}
        # The bucket may be out of reach after a boot.
        self.wanted = _kept()

    @property
    def complete(self) -> bool:
        """Whether the container has its files: of this boot or of one before."""
        return self.wanted is not None and os.path.isdir(paths.FILES[self.wanted.role])

    def follow(self) -> None:
        found = self._bucket.list(self._prefix)
        self._follow_machine(found.get(f"{self._prefix}machine.json"))
        if self.wanted is not None:
            self._follow_files(found, paths.FILES[self.wanted.role])
        if self._refused:
            goes_on = "nothing runs" if self.wanted is None else "what runs goes on"
            raise Trouble(f"{self._prefix}machine.json {self._refused}; {goes_on}")

    def _follow_machine(self, entry: Entry | None) -> None:
        if entry == self._read and entry is not None:
            return
        self._refused = ""
        if entry is None:
            self._refused = "is not in the bucket"
        elif entry.size > LONGEST:
            self._refused = f"is over {LONGEST} bytes"
        else:
            path = f"{paths.MACHINE}.fetched"
            self._bucket.fetch(f"{self._prefix}machine.json", entry, path)
            text = files.read(path) or ""
            try:
                self.wanted = parse(text)
            except Unusable as why:
                self._refused = str(why)
            else:
                files.write(paths.MACHINE, text)
                log.info("machine.json was read", image=self.wanted.image, memory=self.wanted.memory)
        self._read = entry

    def _follow_files(self, found: dict[str, Entry], folder: str) -> None:
        start = f"{self._prefix}files/"
        listed = {key[len(start) :]: entry for key, entry in found.items() if key.startswith(start)}
        strange = [name for name in listed if not NAME.fullmatch(name)]
        if strange:
            raise Trouble(f"{start} holds names that are no plain file names: {strange}")
        if not listed:
            raise Trouble(f"{start} holds no files; those of before stay")
        if not os.path.isdir(folder):
            self._placed = {}
        if listed == self._placed:
            return
        staged = f"{folder}.next"
        shutil.rmtree(staged, ignore_errors=True)
        os.makedirs(staged, mode=0o700)
        for name, entry in sorted(listed.items()):
            if self._placed.get(name) != entry:
                self._bucket.fetch(f"{start}{name}", entry, f"{staged}/{name}")
        replaced, removed = files.place(staged, folder, listed)
        self._placed = listed
        if replaced or removed:
            log.info(f"{folder} follows the bucket", replaced=replaced, removed=removed)


def _kept() -> Wanted | None:
    text = files.read(paths.MACHINE)
    try:
        return None if text is None else parse(text)
    except Unusable as why:
        log.warn(f"{paths.MACHINE} {why}")
        return None
