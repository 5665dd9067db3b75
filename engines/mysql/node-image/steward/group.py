"""Which group this node belongs to. Kept on the volume, beside the data."""

import json
import os
from dataclasses import asdict, dataclass

from portico_node import files, log

from . import paths


@dataclass(frozen=True)
class Membership:
    group: str
    """Name of the group: a UUID that the first bootstrap of the cluster drew. Empty: not known yet."""
    joined: bool
    """Whether this node has ever been a working member: only then its data can settle who has the most."""


UNKNOWN = Membership("", False)
UNREADABLE = Membership("", True)
"""It was a member, and the others must say of which group."""


def read_membership() -> Membership:
    raw = files.read(paths.GROUP)
    if raw is None or not os.path.isdir(paths.DATA):
        return UNKNOWN
    try:
        held = json.loads(raw)
        return Membership(str(held["group"]), bool(held["joined"]))
    except (ValueError, TypeError, KeyError) as error:
        log.error(f"{paths.GROUP} can't be read, the other nodes are asked for the group: {error!r}")
        return UNREADABLE


def write_membership(membership: Membership) -> None:
    files.write(paths.GROUP, json.dumps(asdict(membership)))
    # The name must be there after a loss of power, too, before anybody acts on it.
    for path in (paths.GROUP, paths.VOLUME):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
