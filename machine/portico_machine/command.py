"""Runs other programs, each with a total deadline. What can't be done now is trouble, and is tried again later."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Callable, Mapping, Sequence, TypeVar

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


class Failed(Trouble):
    """The program ended with another code than 0."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def run(args: Sequence[str], seconds: float, env: Mapping[str, str] | None = None) -> str:
    """Gives what the program wrote. Raises Trouble with the last line that it said."""
    what = " ".join(args[:2])
    try:
        process = subprocess.Popen(
            args,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, **(env or {})},
            # A group of its own, so that its children end with it.
            start_new_session=True,
        )
    except OSError as error:
        raise Trouble(f"{args[0]}: {error.strerror}") from error
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise Trouble(f"{what}: not done within {seconds:g} s") from error
    finally:
        _end(process)
    if process.returncode != 0:
        said = _last_line(errors) or _last_line(output) or "failed"
        raise Failed(f"{what}: {said}", process.returncode)
    return output


def _end(process: subprocess.Popen[str]) -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:500] if lines else ""
