"""
Images come as archives named by their ids, as `docker save` writes them. They are read before Docker sees them, and known to it by a name of our
own.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import tarfile
from typing import IO, cast

from . import command, log, paths
from .bucket import Bucket, Entry
from .command import Backoff, Trouble

NAME = "portico-machine/image"
"""Under this name images are known here, tagged with the digits of their ids. No archive may bring one of it."""

LONGEST = 1024 * 1024
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def _refusal(path: str, image: str) -> str | None:
    """Why the archive is not the image, or not one for this machine.

    An image's id is the digest of its config. Docker's own id depends on how it stores images: some stores take another
    digest, so only the archive itself can tell.
    """
    try:
        with tarfile.open(path) as archive:
            manifest = json.loads(_read(archive, "manifest.json"))
            if len(manifest) != 1:
                return f"holds {len(manifest)} images instead of one"
            config = _read(archive, manifest[0]["Config"])
        architecture = json.loads(config)["architecture"]
        tags = manifest[0].get("RepoTags") or []
    except (tarfile.TarError, OSError, ValueError, KeyError, TypeError, EOFError) as error:
        return f"is no archive of an image: {error!r}"
    found = f"sha256:{hashlib.sha256(config).hexdigest()}"
    own = ARCHITECTURES.get(platform.machine(), platform.machine())
    if found != image:
        return f"holds {found} instead of {image}"
    if architecture != own:
        return f"holds an image for {architecture}, and this machine is {own}"
    if any(str(tag).startswith(f"{NAME}:") for tag in tags):
        return f"brings a name that is the machine's to give: {tags}"
    return None


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.getmember(name)
    if not member.isfile() or member.size > LONGEST:
        raise ValueError(f"{name} is no file of at most {LONGEST} bytes")
    return cast(IO[bytes], archive.extractfile(member)).read()


FETCH = 1800
"""Seconds for an archive of some hundred MB, also on a small machine."""
LOAD = 900
LOADED = re.compile(r"^Loaded image(?: ID)?: (\S+)$", re.MULTILINE)


def name_of(image: str) -> str:
    return f"{NAME}:{image.split(':')[1]}"


def image_of(name: str) -> str | None:
    """The id in a name of ours."""
    repository, _, digits = name.partition(":")
    return f"sha256:{digits}" if repository == NAME else None


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
            why = _refusal(paths.ARCHIVE, image)
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
