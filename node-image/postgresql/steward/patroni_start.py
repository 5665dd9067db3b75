"""Becomes Patroni, once what a death left half made is out of its way."""

import os
import time

from . import log, paths
from .description import DescriptionError, read_node, read_secrets
from .founding import clear_half_made
from .peer_http import PeerError


def main() -> None:
    try:
        clear_half_made(read_node(), read_secrets())
    except (DescriptionError, PeerError, OSError) as error:
        log.error(f"Patroni is not started: {error}")
        time.sleep(1)  # the supervisor starts this again
        raise SystemExit(1) from error
    os.execv("/usr/bin/patroni", ["patroni", paths.PATRONI_CONFIG])


if __name__ == "__main__":
    main()
