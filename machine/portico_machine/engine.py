"""Docker on the machine: installed from AL2023's own repositories, enabled and answering."""

from __future__ import annotations

import shutil

from . import command, ending, log


def ensure_engine() -> None:
    if shutil.which("docker") is None:
        log.info("installs docker")
        with ending.whole():
            command.run(["dnf", "install", "--assumeyes", "--quiet", "docker"], 600)
        log.info("docker is installed")
    asked = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        command.run(asked, 20)
    except command.Failed:
        command.run(["systemctl", "enable", "--now", "docker.service"], 120)
        command.run(asked, 20)
