"""The machine's one container, as Docker knows it and as it is to be."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from . import command, paths
from .image import image_of, name_of
from .wanted import Wanted

NAME = "portico"
MEBIBYTE = 1024 * 1024
GRACE = {"node": 70, "portal": 5}
"""Seconds to end in, as on the local target."""
PIDS = {"node": 4096, "portal": 1024}
"""Processes and threads, as on the local target."""


@dataclass(frozen=True)
class Container:
    image: str
    state: str
    """Docker's word: running, restarting, created, exited …"""
    healthy: bool
    why: str
    """The last words of the image's own health check."""
    since: str
    memory: int
    """MiB."""

    @property
    def stopped(self) -> bool:
        return self.state in ("created", "exited", "dead")


def inspect() -> Container | None:
    named = ["--filter", f"name=^{NAME}$"]
    if not command.run(["docker", "container", "ls", "--all", "--quiet", *named], 60).strip():
        return None
    found = json.loads(command.run(["docker", "container", "inspect", NAME], 60))[0]
    state = found["State"]
    health = state.get("Health") or {"Status": "healthy"}
    checks = health.get("Log") or [{"Output": ""}]
    return Container(
        # As it was named: what else Docker calls it depends on its store.
        image=image_of(found["Config"]["Image"]) or found["Image"],
        state=state["Status"],
        healthy=state["Status"] == "running" and health["Status"] == "healthy",
        why=checks[-1]["Output"].strip()[:500] or health["Status"],
        since=state["StartedAt"],
        memory=found["HostConfig"]["Memory"] // MEBIBYTE,
    )


def create(wanted: Wanted) -> None:
    if wanted.role == "portal":
        os.makedirs(paths.REPORT, exist_ok=True)
        # The agent's user in the container is nobody that this machine knows. Only it gets there: the folder above is the image's.
        os.chmod(paths.REPORT, 0o777)
    command.run(arguments(wanted), 120)


def start() -> None:
    command.run(["docker", "container", "start", NAME], 60)


def remove(role: str) -> None:
    command.run(["docker", "container", "stop", "-t", str(GRACE[role]), NAME], GRACE[role] + 60)
    command.run(["docker", "container", "rm", "--force", NAME], 60)


def resize(memory: int) -> None:
    """In place, as on the local target: nothing ends for it."""
    limit = f"{memory}m"
    limits = ["--memory", limit, "--memory-swap", limit]
    command.run(["docker", "container", "update", *limits, NAME], 60)


def arguments(wanted: Wanted) -> list[str]:
    """What `components/local/container.ts` gives a container, on the host's network.

    Docker restarts it, also at boot and while this service can't be had. A node can't come up on an empty folder then:
    its volume names a folder that is there only once the device is mounted.
    """
    limit = f"{wanted.memory}m"
    files = paths.FILES[wanted.role]
    return [
        *("docker", "run", "--detach", "--name", NAME, "--pull", "never"),
        *("--restart", "unless-stopped", "--stop-timeout", str(GRACE[wanted.role])),
        *("--network", "host", "--read-only", "--tmpfs", "/run", "--tmpfs", "/tmp"),
        *("--cap-drop", "ALL", "--cap-add", "SETGID", "--cap-add", "SETUID"),
        *("--security-opt", "no-new-privileges:true", "--memory", limit, "--memory-swap", limit),
        *("--pids-limit", str(PIDS[wanted.role])),
        # Amazon's packages of docker come with limits of their own, and HAProxy takes what it finds.
        *("--ulimit", "nofile=65536:65536"),
        *("--log-driver", "json-file", "--log-opt", "max-size=10m", "--log-opt", "max-file=3"),
        *("--mount", f"type=bind,src={files},dst={files},readonly"),
        *(_of_node(wanted) if wanted.role == "node" else ()),
        *_storage(wanted),
        name_of(wanted.image),
    ]


def _of_node(wanted: Wanted) -> list[str]:
    # The busiest engine needs some hundred threads.
    return ["--shm-size", f"{shared_memory(wanted.memory)}m", "--pids-limit", "4096"]


def shared_memory(memory: int) -> int:
    """The rule of `infra/model/node-settings.ts`. In MiB; a container that is resized keeps what it has until it is made anew."""
    return max(512, memory // 2)


def _storage(wanted: Wanted) -> list[str]:
    # Volumes, not folders: Docker gives a new one the owners and modes that the image has there.
    if wanted.volume is not None:
        folder = f"{wanted.volume.mount}/{paths.DATA}"
        options = f"volume-opt=type=none,volume-opt=o=bind,volume-opt=device={folder}"
        return ["--mount", f"type=volume,src=portico-data,dst=/var/lib/portico,{options}"]
    return [
        *("--mount", "type=volume,src=portico-state,dst=/var/lib/portico"),
        *("--mount", f"type=bind,src={paths.REPORT},dst=/agent/report"),
    ]
