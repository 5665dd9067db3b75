"""How the service ends and is woken. SIGTERM ends it at once, except in the middle of what must not be cut short."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import Any, Iterator

_wake = threading.Event()
_asked = False
_whole = False


def install() -> None:
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, lambda *_: _wake.set())


def pause(seconds: float) -> bool:
    """Whether SIGHUP has cut it short: `systemctl reload portico-machine` tries everything now."""
    woken = _wake.wait(seconds)
    _wake.clear()
    return woken


@contextmanager
def whole() -> Iterator[None]:
    """SIGTERM waits for the end of the block."""
    global _whole
    _whole = True
    try:
        yield
    finally:
        _whole = False
        if _asked:
            raise SystemExit(0)


def _end(*_: Any) -> None:
    global _asked
    _asked = True
    if not _whole:
        raise SystemExit(0)
