"""
The first WAL file of a new timeline, of which a replica has received only the beginning.

A timeline begins within a file, and its leader's first file repeats what the one before holds up to there. A replica receives that file from its
start, also what it has long had. Where the leader is lost meanwhile, PostgreSQL (17.12) reads the newest timeline's file all the same, and
no longer the whole one beside it: to promote it ends in a PANIC, and it doesn't start again. WAL is written in its order, so nothing of the new
timeline itself has been received as long as the end of what is repeated is missing. What is removed can be received anew.
"""

import os
from typing import Iterator

from portico_node import log

_COMPARED = 64 * 1024
"""Bytes before the new timeline's beginning."""


def remove_torn_files(data: str) -> None:
    """Before a server starts, and before it is promoted. Never raises: a file that can't be judged is left to PostgreSQL."""
    wal = f"{data}/pg_wal"
    try:
        there = sorted(os.listdir(wal))
    except OSError:
        return
    a_file = next(filter(_is_segment, there), None)
    if a_file is None:
        return
    # In the order of the timelines: none is compared with a torn one.
    for name in there:
        if name.endswith(".history"):
            try:
                _judge(wal, int(name.removesuffix(".history"), 16), os.path.getsize(f"{wal}/{a_file}"))
            except (OSError, ValueError, LookupError) as error:
                log.warn(f"whether {name} goes with a torn WAL file can't be told: {error}")


def _judge(wal: str, timeline: int, size: int) -> None:
    """`size`: of each WAL file, in bytes."""
    ancestors = list(_history(f"{wal}/{timeline:08X}.history"))
    begins = ancestors[-1][1]
    place = _Place(begins - 1, size)
    torn = f"{wal}/{timeline:08X}{place.name}"
    if not os.path.exists(torn):
        return
    for ancestor, ends in reversed(ancestors):
        if ends <= place.start:
            return
        whole = f"{wal}/{ancestor:08X}{place.name}"
        if os.path.exists(whole):
            if _is_begun(_before(torn, ends - place.start), _before(whole, ends - place.start)):
                os.remove(torn)
                log.warn(f"removes {os.path.basename(torn)}, of which only the beginning was received")
            return


def _is_begun(received: bytes, whole: bytes) -> bool:
    """A new WAL file is all zeros, and written in its order. One that holds something else than the whole one isn't ours to judge."""
    received = received.rstrip(b"\0")
    return len(received) < len(whole.rstrip(b"\0")) and whole.startswith(received)


class _Place:
    """The WAL file, of whatever timeline, that holds the byte at a position."""

    def __init__(self, position: int, size: int) -> None:
        number = position // size
        self.start = number * size
        per_id = (1 << 32) // size
        self.name = f"{number // per_id:08X}{number % per_id:08X}"


def _history(path: str) -> Iterator[tuple[int, int]]:
    """Each earlier timeline and the position at which it ends, the oldest first."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = line.split()
            if len(fields) >= 2 and fields[0].isdigit():
                high, low = fields[1].split("/")
                yield int(fields[0]), (int(high, 16) << 32) + int(low, 16)


def _is_segment(name: str) -> bool:
    return len(name) == 24 and all(letter in "0123456789ABCDEF" for letter in name)


def _before(path: str, end: int) -> bytes:
    begin = max(0, end - _COMPARED)
    with open(path, "rb") as file:
        file.seek(begin)
        return file.read(end - begin)
