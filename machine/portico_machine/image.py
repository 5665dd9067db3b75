"""Images come as archives named by their ids; what Docker loads under another id is thrown away."""

from __future__ import annotations

import os

from . import command, log, paths
from .s3 import Bucket
from .trouble import Backoff, Trouble

FETCH = 1800
"""Seconds for an archive of some hundred MB, also on a small machine."""
LOAD = 900


class Images:
    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._backoff = Backoff()
        self._refused = ("", "")
        self._why = ""

    def ensure(self, image: str) -> None:
        """Returns once Docker has exactly this image."""
        if image not in _ids():
            self._backoff.attempt(lambda: self._get(image))

    def _get(self, image: str) -> None:
        key = f"images/{image.split(':')[1]}.tar"
        archive = self._bucket.look_up(key)
        if self._refused == (key, archive.etag):
            raise Trouble(f"{self._why}; it is still the same")
        # Makes room. The image before the present one goes too: a way back fetches it again.
        command.run(["docker", "image", "prune", "--all", "--force"], 120)
        try:
            log.info(f"fetches {key}", bytes=archive.size)
            self._bucket.fetch(key, archive, paths.ARCHIVE, FETCH)
            before = _ids()
            command.run(["docker", "load", "--quiet", "--input", paths.ARCHIVE], LOAD)
            loaded = _ids() - before
        finally:
            _remove(paths.ARCHIVE)
        if loaded != {image}:
            for other in loaded:
                command.run(["docker", "image", "rm", "--force", other], 60)
            self._refused = (key, archive.etag)
            what = ", ".join(sorted(loaded)) or "nothing new"
            self._why = f"{key} holds {what} instead of {image}, and was refused"
            raise Trouble(self._why)
        log.info(f"loaded {image}")


def _ids() -> set[str]:
    listed = command.run(["docker", "image", "ls", "--all", "--quiet", "--no-trunc"], 60)
    return set(listed.split())


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except FileNotFoundError:
        pass
