"""Docker on the machine, and what makes file systems: installed from AL2023's own repositories, enabled and answering."""

from __future__ import annotations

import shutil

from . import command, ending, log


def ensure_engine() -> None:
    if any(shutil.which(program) is None for program in ("docker", "mkfs.ext4", "resize2fs")):
        log.info("installs docker and e2fsprogs")
        with ending.whole():
            command.run(["dnf", "install", "--assumeyes", "--quiet", "docker", "e2fsprogs"], 600)
        log.info("docker and e2fsprogs are installed")
    asked = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        command.run(asked, 20)
    except command.Failed:
        command.run(["systemctl", "enable", "--now", "docker.service"], 120)
        command.run(asked, 20)
