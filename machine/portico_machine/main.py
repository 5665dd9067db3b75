"""Looks every ten seconds, and sooner at what is on the machine while not all is well there."""

from __future__ import annotations

import traceback

from . import ending, log
from .machine import Machine
from .settings import read_settings

QUIET = 10
BUSY = 2


def main() -> None:
    ending.install()
    try:
        machine = Machine(read_settings())
        log.info("the machine's service begins")
        woken = False
        while True:
            quiet = machine.look(woken)
            woken = ending.pause(QUIET if quiet else BUSY)
    except Exception as error:
        # A mistake of ours: systemd starts the service anew, and what runs goes on.
        log.error(f"ended by {error!r}", trace=traceback.format_exc())
        raise SystemExit(1) from error
