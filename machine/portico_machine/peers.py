"""
How soon a peer that is gone is noticed, and what waits for one that stops reading: what `components/local` gives containers, for the host's
network.
"""

from __future__ import annotations

from . import command

WANTED = (
    "net.ipv4.tcp_retries2=5",
    "net.ipv4.tcp_keepalive_time=25",
    "net.ipv4.tcp_keepalive_intvl=5",
    "net.ipv4.tcp_keepalive_probes=4",
    "net.ipv4.tcp_notsent_lowat=16384",
)


class Peers:
    """Set once in the service's life: it begins anew with the machine, and nothing else there sets them."""

    def __init__(self) -> None:
        self._set = False

    def ensure(self) -> None:
        if not self._set:
            command.run(["sysctl", "--write", *WANTED], 20)
            self._set = True
