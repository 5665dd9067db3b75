"""Writes the files that Elasticsearch reads, and becomes Elasticsearch. A child goes on to follow the certificates and the password."""

import fcntl
import glob
import json
import os
import resource
import shutil
import sys
import time
import traceback
from typing import NoReturn

from portico_node import log
from portico_node.files import write

from . import certificates, paths
from .config import elasticsearch_yml, jvm_options, log4j2_properties
from .description import DescriptionError, Node, Secrets, read_node, read_secrets
from .users import ROLES, users, users_roles

log.service = "launch"

EVERY = 5
"""Seconds between two looks at what is mounted."""


def main() -> None:
    try:
        node, secrets = read_node(), read_secrets()
    except DescriptionError as error:
        refuse(str(error))
    lock()
    prepare(node, secrets)
    try:
        certificates.install(certificates.mounted())
    except OSError as error:
        refuse(f"the peer certificate can't be used: {error}")
    # Elasticsearch stays the container's first process, which gets the signals, and whose end is the child's as well.
    if os.fork() == 0:
        follow()
    [java] = glob.glob(f"{paths.JAVA}-*")
    places = {"ES_PATH_CONF": paths.CONFIG, "ES_JAVA_HOME": java, "ES_TMPDIR": paths.TEMPORARY}
    os.execve(paths.SERVER, [paths.SERVER], {**os.environ, **places})


def follow() -> NoReturn:
    """Elasticsearch looks at its files every five seconds itself."""
    said = ""
    refused = None
    while True:
        time.sleep(EVERY)
        why, trace = "", ""
        try:
            refused = certificates.follow(refused)
            node = read_node()
            if write(f"{paths.CONFIG}/users", users(node, read_secrets())):
                log.info(f"the password of {node.user} is given to Elasticsearch")
        except (DescriptionError, OSError) as error:
            why = str(error) or repr(error)
        except Exception as error:  # Nobody starts this child again: whatever it is, the next look tries again.
            why, trace = f"what is mounted can't be followed: {error!r}", traceback.format_exc()
        if trace and why != said:
            log.error(why, alarm=True, trace=trace)
        elif why and why != said:
            log.warn(why)
        said = why


def prepare(node: Node, secrets: Secrets) -> None:
    shutil.rmtree(paths.TEMPORARY, ignore_errors=True)
    for folder in (paths.CONFIG, paths.LOGS, paths.DATA, paths.TEMPORARY):
        os.makedirs(folder, mode=0o700, exist_ok=True)
    _, descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = {
        "elasticsearch.yml": elasticsearch_yml(node),
        "jvm.options": jvm_options(node, descriptors),
        "log4j2.properties": log4j2_properties(),
        "roles.yml": ROLES,
        "users": users(node, secrets),
        "users_roles": users_roles(node),
    }
    for name, content in files.items():
        write(f"{paths.CONFIG}/{name}", content)


def lock() -> None:
    """Two containers on one volume would destroy the data. The lock ends with the last process of this one."""
    try:
        descriptor = os.open(paths.LOCK, os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        refuse(f"{paths.STATE} must belong to the user elasticsearch, mode 0700: {error}")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        refuse(f"another container uses {paths.STATE}: not started")
    os.set_inheritable(descriptor, True)


def refuse(why: str) -> None:
    print(json.dumps({"level": "error", "service": "start", "msg": why}), flush=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
