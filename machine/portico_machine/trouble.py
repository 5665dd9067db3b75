"""What can't be done now, and when to try again."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

T = TypeVar("T")


class Trouble(Exception):
    """Something can't be done yet. The message is a sentence for the journal and the report."""


class Backoff:
    """Tries again after 2, 4, 8 … `longest` seconds, and gives the reason in between."""

    def __init__(self, longest: int = 60) -> None:
        self._longest = longest
        self._wait = 0
        self._due = 0.0
        self._why = ""

    def attempt(self, act: Callable[[], T]) -> T:
        if time.monotonic() < self._due:
            raise Trouble(self._why)
        try:
            result = act()
        except Trouble as trouble:
            self._wait = min(self._longest, self._wait * 2 or 2)
            self._due = time.monotonic() + self._wait
            self._why = f"{trouble}; next try in {self._wait} s"
            raise Trouble(self._why) from trouble
        self._wait = 0
        return result
