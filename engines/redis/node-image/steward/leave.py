"""The node is to stop: where it leads, another node takes over first."""

import time

from portico_node import log

from .description import DescriptionError, read_node, read_secrets
from .peers import Peers

PATIENCE = 6
"""Seconds until it goes without a successor."""


def main() -> None:
    try:
        node, secrets = read_node(), read_secrets()
    except DescriptionError as error:
        log.warn(f"stops, and hands over to nobody: {error}")
        return
    peers = Peers(node, secrets)
    until = time.monotonic() + PATIENCE
    asked = False
    while time.monotonic() < until and _leads(peers, node.name):
        if not asked:
            asked = peers.ask_for_failover()
            log.info("stops: hands over" if asked else "stops: nobody can take over")
            if not asked:
                return
        time.sleep(0.1)


def _leads(peers: Peers, name: str) -> bool:
    _, selves = peers.ask()
    own = selves.get(name)
    return own is not None and own.leads and own.linked


if __name__ == "__main__":
    main()
