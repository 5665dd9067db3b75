"""Has the machine's service load an image and run a container with a real Docker engine, and says in JSON what came of it.

The engine belongs to this machine, not to the service: names are the test's own, and what would prune it does nothing.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from types import SimpleNamespace

folder, name, image_id = sys.argv[1:]
sys.path.insert(0, f"{folder}/service")

from portico_machine import command, container, image, paths  # noqa: E402
from portico_machine.wanted import Volume, Wanted  # noqa: E402

real_run = command.run


def run(args, seconds, env=None):
    if "prune" in args:
        return ""
    ours = [arg.replace("src=portico-", f"src={name}-").replace(ASKED, granted) for arg in args]
    return real_run(ours, seconds, env)


ASKED = "nofile=65536:65536"
granted = ASKED

command.run = run
container.NAME = name
paths.STATE, paths.ARCHIVE, paths.REPORT = folder, f"{folder}/image.tar", f"{folder}/report"
paths.FILES = {"node": f"{folder}/files", "portal": f"{folder}/files"}


class Bucket:
    """Stands in for S3, which has tests of its own."""

    def look_up(self, key):
        return SimpleNamespace(etag="1", size=0)

    def fetch(self, key, entry, path, seconds=0):
        shutil.copyfile(f"{folder}/saved.tar", path)


def docker(*args):
    return subprocess.run(["docker", *args], capture_output=True, text=True, check=True).stdout


def tried(wanted):
    container.create(wanted)
    try:
        made = container.inspect()
        inside = docker("exec", name, "cat", "/proc/1/status", "/proc/mounts")
        container.resize(wanted.memory + 64)
        resized = container.inspect().memory
        docker("stop", "-t", "1", name)
        stopped = container.inspect().stopped
        container.start()
        again = container.inspect().state
        config = json.loads(docker("container", "inspect", name))[0]["HostConfig"]
    finally:
        container.remove(wanted.role)
    return {
        **{"made": asdict(made), "inside": inside, "resized": resized, "stopped": stopped},
        **{"again": again, "config": config, "gone": container.inspect() is None},
    }


image.Images(Bucket()).ensure(image_id)
hard = docker("run", "--rm", image.name_of(image_id), "sh", "-c", "ulimit -Hn").strip()
if hard != "unlimited" and int(hard) < 65536:
    # This engine itself was given fewer and may not raise them, which EC2's may.
    granted = f"nofile={hard}:{hard}"
portal = Wanted("portal", image_id, 128, None, None, None)
node = replace(portal, role="node", volume=Volume("vol0123456789abcdef0", f"{folder}/mounted"))
print(json.dumps({"portal": tried(portal), "node": tried(node), "name": image.name_of(image_id)}))
