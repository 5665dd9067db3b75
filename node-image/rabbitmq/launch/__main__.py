"""Writes the files that RabbitMQ reads, and becomes RabbitMQ."""

import fcntl
import json
import os
import sys

from . import paths
from .config import advanced_config, dist_tls, hosts, rabbitmq_conf
from .definitions import definitions
from .description import DescriptionError, read_node, read_secrets
from .environment import as_shell, environment
from .files import write


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
    os.execve(paths.SERVER, [paths.SERVER], {**os.environ, **variables})


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
    print(json.dumps({"level": "error", "service": "start", "msg": why}), flush=True)
    sys.exit(1)


main()
