"""Hands the leadership over, for an operator: `python3 -m steward.switchover [node]`, on any member."""

import sys

import pymysql

from .description import read_node
from .server import MEMBERS, Server

PATIENCE = 60
"""Seconds for transactions that run. Those that are still running then are rolled back, and their sessions ended."""


def main() -> str | None:
    """What went wrong."""
    node = read_node()
    wanted = sys.argv[1] if len(sys.argv) > 1 else None
    if wanted is not None and wanted not in node.members:
        return f"{wanted} is no node of this cluster: they are {', '.join(node.members)}"
    try:
        with Server().connect(PATIENCE + 30) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT MEMBER_HOST, MEMBER_ID, MEMBER_STATE, MEMBER_ROLE FROM {MEMBERS}")
            others = {
                host: member
                for host, member, state, role in cursor
                if state == "ONLINE" and role == "SECONDARY"
            }
            address = node.members[wanted] if wanted is not None else next(iter(others), None)
            if address is None or address not in others:
                return f"{wanted or 'no node'} is an online secondary of the group"
            cursor.execute(
                "SELECT group_replication_set_as_primary(%s, %s)", [others[address], PATIENCE]
            )
            print(cursor.fetchone()[0])
            return None
    except pymysql.Error as error:
        return str(error.args[-1])


if __name__ == "__main__":
    sys.exit(main())
