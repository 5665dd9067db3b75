"""Asks the primary's steward to hand over, for an operator on any node: `python3 -m steward.switchover [node]`."""

import sys

import pymysql

from .description import read_node
from .peers import PeerError, hand_over_by
from .server import Server


def main() -> str | None:
    """What went wrong."""
    node = read_node()
    wanted = sys.argv[1] if len(sys.argv) > 1 else None
    try:
        members = Server().state().members
    except pymysql.Error as error:
        return str(error.args[-1])
    primary = next((m.address for m in members if m.role == "PRIMARY"), None)
    leader = next((name for name, address in node.members.items() if address == primary), None)
    if leader is None:
        return "the group has no primary"
    try:
        print(f"{hand_over_by(node, leader, wanted)} leads")
        return None
    except PeerError as error:
        return str(error)


if __name__ == "__main__":
    sys.exit(main())
