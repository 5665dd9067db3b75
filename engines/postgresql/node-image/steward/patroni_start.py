"""Becomes Patroni, once data that it couldn't use are out of its way, and with the configuration that is described."""

import os
import time

from portico_node import log

from . import paths, rewinding, rival
from .cluster import prepare_cluster_config
from .description import DescriptionError, Node, Secrets, read_node, read_secrets
from .etcd_api import EtcdError
from .founding import clear_half_made


def main() -> None:
    try:
        node, secrets = read_node(), read_secrets()
        clear_half_made(node, secrets)
        rival.set_aside(node, secrets)
        rewinding.forget_removed()
        _prepare(node, secrets)
    except (DescriptionError, EtcdError, OSError) as error:
        log.error(f"Patroni is not started: {error}")
        time.sleep(1)  # the supervisor starts this again
        raise SystemExit(1) from error
    os.execv(paths.PATRONI, ["patroni", paths.PATRONI_CONFIG])


def _prepare(node: Node, secrets: Secrets) -> None:
    try:
        prepare_cluster_config(node, secrets)
    except EtcdError as error:
        # The leader's steward does it later.
        log.warn(f"the cluster's configuration is as it was: {error}")


if __name__ == "__main__":
    main()
