"""An image's archive, as `docker save` writes it, read before Docker sees it."""

from __future__ import annotations

import hashlib
import json
import platform
import tarfile
from typing import IO, cast

NAME = "portico-machine/image"
"""Under this name images are known here, tagged with the digits of their ids. No archive may bring one of it."""

LONGEST = 1024 * 1024
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def refusal(path: str, image: str) -> str | None:
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
