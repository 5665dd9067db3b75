"""Follows this machine's prefix in the bucket. One listing tells by the ETags what has changed; only that is fetched."""

from __future__ import annotations

import os
import re
import shutil

from . import files, log, paths
from .s3 import Bucket, Entry
from .trouble import Trouble
from .wanted import Unusable, Wanted, parse

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
