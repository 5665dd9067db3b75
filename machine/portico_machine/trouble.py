"""What can't be done now, and when to try again."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

T = TypeVar("T")

_hurried = float("-inf")


def hurry() -> None:
    """What waits for its next try may have it now."""
    global _hurried
    _hurried = time.monotonic()


class Trouble(Exception):
    """Something can't be done yet. The message is a sentence for the journal and the report."""


class Backoff:
    """Tries again after 2, 4, 8 … `longest` seconds, and gives the reason in between."""

    def __init__(self, longest: int = 60) -> None:
        self._longest = longest
        self._wait = 0
        self._failed = self._due = float("-inf")
        self._why = ""

    def attempt(self, act: Callable[[], T]) -> T:
        if time.monotonic() < self._due and self._failed > _hurried:
            raise Trouble(self._why)
        try:
            result = act()
        except Trouble as trouble:
            self._wait = min(self._longest, self._wait * 2 or 2)
            self._failed = time.monotonic()
            self._due = self._failed + self._wait
            self._why = f"{trouble}; next try in {self._wait} s"
            raise Trouble(self._why) from trouble
        self._wait = 0
        return result
