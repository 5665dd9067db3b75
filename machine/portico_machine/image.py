"""Images come as archives named by their ids, and are known to Docker by a name of our own."""

from __future__ import annotations

import os
import re

from . import archive, command, log, paths
from .s3 import Bucket, Entry
from .trouble import Backoff, Trouble

FETCH = 1800
"""Seconds for an archive of some hundred MB, also on a small machine."""
LOAD = 900
LOADED = re.compile(r"^Loaded image(?: ID)?: (\S+)$", re.MULTILINE)


def name_of(image: str) -> str:
    return f"{archive.NAME}:{image.split(':')[1]}"


def image_of(name: str) -> str | None:
    """The id in a name of ours."""
    repository, _, digits = name.partition(":")
    return f"sha256:{digits}" if repository == archive.NAME else None


class Images:
    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._backoff = Backoff()
        self._refused = ("", "")
        self._why = ""

    def ensure(self, image: str) -> None:
        """Returns once Docker has exactly this image under its name."""
        listed = ["docker", "image", "ls", "--quiet", "--no-trunc", name_of(image)]
        if not command.run(listed, 60).strip():
            self._backoff.attempt(lambda: self._get(image))

    def _get(self, image: str) -> None:
        key = f"images/{image.split(':')[1]}.tar"
        found = self._look_up(key)
        if self._refused == (key, found.etag):
            raise Trouble(f"{self._why}; it is still the same")
        # Makes room. The image before the present one goes too: a way back fetches it again.
        command.run(["docker", "image", "prune", "--all", "--force"], 120)
        try:
            log.info(f"fetches {key}", bytes=found.size)
            self._bucket.fetch(key, found, paths.ARCHIVE, FETCH)
            why = archive.refusal(paths.ARCHIVE, image)
            if why is not None:
                self._refused = (key, found.etag)
                self._why = f"{key} {why}, and was refused"
                raise Trouble(self._why)
            said = command.run(["docker", "load", "--quiet", "--input", paths.ARCHIVE], LOAD)
        finally:
            _remove(paths.ARCHIVE)
        loaded = LOADED.findall(said)
        if not loaded:
            raise Trouble(f"docker load {key}: names no image: {said.strip()[:500]}")
        command.run(["docker", "image", "tag", loaded[-1], name_of(image)], 60)
        log.info(f"loaded {image}")

    def _look_up(self, key: str) -> Entry:
        try:
            return self._bucket.look_up(key)
        except Trouble as trouble:
            # Who may not list the bucket is told the same of what is not there.
            if re.search(r"\((403|404)\)", str(trouble)):
                why = f"{key} is not uploaded, or this machine is not allowed to read it"
                raise Trouble(f"{why}: {trouble}") from trouble
            raise


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except FileNotFoundError:
        pass
