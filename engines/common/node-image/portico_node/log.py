"""JSON lines on standard output: one sentence a person can read, and the fields beside it."""

import json
import sys
from datetime import datetime, timezone
from typing import Any

service = "steward"
"""Who says it. A program of another name sets its own."""


def info(sentence: str, **more: Any) -> None:
    _write("info", sentence, more)


def warn(sentence: str, **more: Any) -> None:
    _write("warn", sentence, more)


def error(sentence: str, **more: Any) -> None:
    _write("error", sentence, more)


def _write(level: str, sentence: str, more: dict[str, Any]) -> None:
    time = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    line = {"level": level, "time": time, "service": service, "msg": sentence, **more}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
