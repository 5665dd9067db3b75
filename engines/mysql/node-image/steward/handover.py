"""Hands the leadership over to another member, so that clients wait rather than fail. Only on the primary."""

import hashlib
import time
from contextlib import suppress
from typing import Callable

import pymysql

from portico_node import log

from .description import Node, Secrets
from .server import MEMBERS, Server

NOTICE = 1.0
"""Seconds from the lock until every portal has seen it: each asks four times in a second."""
GRACE = 3.0
"""Seconds for transactions that run. Those that are still running then are rolled back, and their sessions ended."""
DEADLINE = 60


class HandoverError(Exception):
    """It can't be done; the message says why."""


def lock_of(secrets: Secrets) -> str:
    """
    While this lock is held, portals let new connections wait: they ask for it by its name. Every user may take a lock by its name, so
    nobody but steward and portals can know this one.
    """
    return "portico_" + hashlib.sha256(f"handover {secrets.portal}".encode()).hexdigest()[:40]


def hand_over(
    server: Server, node: Node, secrets: Secrets, wanted: str | None, end_offline: Callable[[], None]
) -> str:
    """Returns the name of the node that leads now. Raises HandoverError. Where `end_offline` fails, it is the caller's to call it again."""
    if wanted is not None and wanted not in node.members:
        raise HandoverError(f"{wanted} is no node of this cluster: they are {', '.join(node.members)}")
    try:
        with server.connect(DEADLINE) as connection, connection.cursor() as cursor:
            name, member = _candidate(cursor, node, wanted)
            cursor.execute("SELECT GET_LOCK(%s, 0)", [lock_of(secrets)])
            if cursor.fetchone() != (1,):
                raise HandoverError("the leadership is being handed over already")
            log.info(f"hands the leadership over to {name}")
            time.sleep(NOTICE)
            _wait_for_transactions(cursor)
            # Some seconds have gone: nobody's session ends for a successor that has left, or a leadership that has moved on.
            if _candidate(cursor, node, name) != (name, member) or not _leads(cursor):
                raise HandoverError(f"{name} can't take over any more, or this node doesn't lead")
            # Ends the sessions of clients: a write on one of them would find the server read-only, and fail as if misled.
            cursor.execute("SET GLOBAL offline_mode = ON")
            try:
                cursor.execute("SELECT group_replication_set_as_primary(%s)", [member])
            finally:
                with suppress(pymysql.Error):
                    end_offline()
            return name
    except pymysql.Error as error:
        raise HandoverError(str(error.args[-1])) from error


def end_offline_mode(server: Server) -> None:
    """Also for a steward that ended while it handed over: nothing else sets this mode. Raises pymysql.Error."""
    server.do(["SET GLOBAL offline_mode = OFF"])


def _candidate(
    cursor: "pymysql.cursors.Cursor", node: Node, wanted: str | None
) -> tuple[str, str]:
    cursor.execute(
        f"SELECT MEMBER_HOST, MEMBER_ID FROM {MEMBERS}"
        " WHERE MEMBER_STATE = 'ONLINE' AND MEMBER_ROLE = 'SECONDARY'"
    )
    online = dict(cursor)
    for name, address in node.members.items():
        if address in online and wanted in (None, name):
            return name, online[address]
    which = "no other node is an" if wanted is None else f"{wanted} is no"
    raise HandoverError(f"{which} online secondary of the group")


def _leads(cursor: "pymysql.cursors.Cursor") -> bool:
    cursor.execute(
        f"SELECT COUNT(*) FROM {MEMBERS}"
        " WHERE MEMBER_ID = @@server_uuid AND MEMBER_STATE = 'ONLINE' AND MEMBER_ROLE = 'PRIMARY'"
    )
    return cursor.fetchone() == (1,)


def _wait_for_transactions(cursor: "pymysql.cursors.Cursor") -> None:
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline:
        cursor.execute("SELECT COUNT(*) FROM information_schema.innodb_trx")
        if cursor.fetchone() == (0,):
            return
        time.sleep(0.01)
