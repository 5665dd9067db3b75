"""PostgreSQL's first process: which it is, and the moment of its end."""

import os
import select
import time

from portico_node import files

from . import paths


def pid() -> int | None:
    first = (files.read(f"{paths.PGDATA}/postmaster.pid") or b"").split(b"\n")[0]
    return int(first) if first.isdigit() else None


def ends_within(seconds: float) -> bool:
    """Waits, and returns early when PostgreSQL ends: Patroni looks after it every loop_wait seconds only."""
    try:
        running = pid()
        watched = None if running is None else os.pidfd_open(running)
    except (OSError, ValueError, OverflowError):  # gone already, an engine that forbids the call, or a file that holds no such number
        watched = None
    if watched is None:
        time.sleep(seconds)
        return False
    try:
        poll = select.poll()
        poll.register(watched, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(watched)
