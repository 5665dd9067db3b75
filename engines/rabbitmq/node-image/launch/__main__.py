"""Writes the files that RabbitMQ reads, and becomes RabbitMQ. A child goes on to follow the password."""

import fcntl
import json
import os
import subprocess
import sys
import time
import traceback
from typing import Any, Mapping, NoReturn

from portico_node.files import read, write

from . import paths
from .config import advanced_config, dist_tls, hosts, rabbitmq_conf
from .definitions import definitions
from .description import DescriptionError, read_node, read_secrets
from .environment import as_shell, environment

EVERY = 2
"""Seconds between two looks at what is mounted."""


def main() -> None:
    try:
        node, secrets = read_node(), read_secrets()
    except DescriptionError as error:
        refuse(str(error))
    lock()
    variables = environment(node)
    write(paths.CONFIG, rabbitmq_conf(node))
    write(paths.ADVANCED_CONFIG, advanced_config(node))
    write(paths.DEFINITIONS, definitions(node, secrets))
    write(paths.HOSTS, hosts(node))
    write(paths.DIST_TLS, dist_tls())
    write(paths.COOKIE, secrets.cookie, 0o400)
    write(paths.ENVIRONMENT, as_shell(variables))
    # RabbitMQ stays the container's first process, which gets the signals, and whose end is the child's as well.
    if os.fork() == 0:
        follow(variables)
    os.execve(paths.SERVER, [paths.SERVER], {**os.environ, **variables})


def follow(variables: Mapping[str, str]) -> NoReturn:
    """RabbitMQ reads its definitions when it starts alone. They are the same on every node, so each may bring them in."""
    in_force = read(paths.DEFINITIONS)
    said = ""
    while True:
        time.sleep(EVERY)
        why, trace = "", ""
        try:
            wanted = definitions(read_node(), read_secrets())
            write(paths.DEFINITIONS, wanted)
            if wanted.encode() != in_force:
                bring_in(variables)
                in_force = wanted.encode()
                say("info", "RabbitMQ has the new password")
        except (DescriptionError, OSError, subprocess.SubprocessError) as error:
            why = str(error) or repr(error)
        except Exception as error:  # Nobody starts this child again: whatever it is, the next look tries again.
            why, trace = f"what is mounted can't be followed: {error!r}", traceback.format_exc()
        if trace and why != said:
            say("error", why, alarm=True, trace=trace)
        elif why and why != said:
            say("warn", why)
        said = why


def bring_in(variables: Mapping[str, str]) -> None:
    done = subprocess.run(
        [paths.CONTROL, "import_definitions", paths.DEFINITIONS],
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode != 0:
        raise OSError(f"the new password is not in force yet: {(done.stderr or done.stdout).strip()[-300:]}")


def lock() -> None:
    """Two containers on one volume would destroy the data. The lock ends with the last process of this one."""
    try:
        descriptor = os.open(paths.LOCK, os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        refuse(f"{paths.STATE} must belong to the user rabbitmq, mode 0700: {error}")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        refuse(f"another container uses {paths.STATE}: not started")
    os.set_inheritable(descriptor, True)


def refuse(why: str) -> None:
    say("error", why)
    sys.exit(1)


def say(level: str, sentence: str, **more: Any) -> None:
    print(json.dumps({"level": level, "service": "start", "msg": sentence, **more}), flush=True)


if __name__ == "__main__":
    main()
