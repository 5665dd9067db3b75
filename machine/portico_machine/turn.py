"""Whether this machine may change its image: not before the machine it comes after shows that it works there."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

FRESH = timedelta(minutes=3)
"""A machine reports every minute; one that is silent for longer may be anything."""


def waits_for(image: str, report: str, now: datetime) -> str | None:
    """The reason to wait, from the text of the other machine's report."""
    try:
        reported = json.loads(report)
        name, at = str(reported["machine"]), datetime.fromisoformat(reported["at"])
        if reported["image"] != image:
            return f"{name} does not run this image yet"
        if not reported["healthy"]:
            return f"{name} runs this image and is not healthy: {reported['why']}"
        if now - at > FRESH:
            return f"{name} has not reported since {at.astimezone(timezone.utc):%H:%M:%S} UTC"
    except (ValueError, KeyError, TypeError) as error:
        return f"its report can't be read: {error!r}"
    return None
