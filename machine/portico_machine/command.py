"""Runs other programs, each with a total deadline."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Mapping, Sequence

from .trouble import Trouble


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
