"""
Runs in the place of pg_rewind, and notes that the data are neither the old ones nor the leader's until it has ended well.

Where pg_rewind (17.12) breaks off, what it leaves is no database. Patroni (4.0.7) starts a server on it all the same where the leader is lost
from which it was made: readers get it, and it may be promoted. With the note no server starts, and the data are copied from whoever leads next.
"""

import fcntl
import os
import signal
import subprocess
import sys

from portico_node import files

from . import paths
from .description import Node, Secrets
from .leader import ask_leader_of_same_data, copy_anew

_REAL = f"{paths.PG_BIN}/pg_rewind"

_CHANGES = "rewinding from last common checkpoint"
"""What pg_rewind says before it changes anything; LC_ALL is C."""

_GONE_SOURCE = " keepalives_idle=5 keepalives_interval=5 keepalives_count=3 tcp_user_timeout=20000"
"""For its connection: a source whose machine is gone is found after 20 s, and not after the kernel's two hours."""


def main() -> None:
    if is_noted():
        sys.exit("pg_rewind was broken off here: what it has left is no database, and has to be copied anew")
    files.write(paths.REWINDING, "")
    with open(paths.REWINDING, "rb") as note:
        # pg_rewind has it too: it may outlive this process.
        fcntl.flock(note, fcntl.LOCK_EX)
        rewind = subprocess.Popen(
            [_REAL, *_watching(sys.argv[1:])], stderr=subprocess.PIPE, text=True, pass_fds=[note.fileno()]
        )
        signal.signal(signal.SIGTERM, lambda *_: rewind.terminate())
        changed = False
        for line in rewind.stderr or ():
            changed |= _CHANGES in line
            sys.stderr.write(line)
        code = rewind.wait()
    if code == 0 or not changed:
        files.remove(paths.REWINDING)
    sys.exit(1 if code < 0 else code)


def is_noted() -> bool:
    """True while pg_rewind runs, and from then on where it was broken off."""
    return os.path.exists(paths.REWINDING)


def forget_removed() -> None:
    """The note goes once the data that it tells of are gone."""
    if not os.path.exists(paths.PGDATA):
        files.remove(paths.REWINDING)


def look(node: Node, secrets: Secrets) -> None:
    """For the steward: where pg_rewind was broken off, and another node leads. Raises PeerError, OSError."""
    if _is_broken_off() and ask_leader_of_same_data(node, secrets):
        copy_anew(secrets, "pg_rewind was broken off in it")


def _is_broken_off() -> bool:
    try:
        with open(paths.REWINDING, "rb") as note:
            fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except (FileNotFoundError, BlockingIOError):
        return False


def _watching(arguments: list[str]) -> list[str]:
    source = arguments.index("--source-server") + 1
    return [*arguments[:source], arguments[source] + _GONE_SOURCE, *arguments[source + 1 :]]


if __name__ == "__main__":
    main()
