"""The node's own MySQL, over its socket: what it says of itself and of the group, and what it is told to do."""

from dataclasses import dataclass
from typing import Any, Sequence

import pymysql

from . import paths

MEMBERS = "performance_schema.replication_group_members"


@dataclass(frozen=True)
class Member:
    address: str
    state: str
    role: str
    own: bool


@dataclass(frozen=True)
class State:
    """What the server says of itself at one moment."""

    members: tuple[Member, ...]
    """As this node's view of the group has them; itself alone while it is in none."""
    read_only: bool
    gtids: str
    """All transactions that it has executed, or received from the group and not applied yet."""
    bootstrap: str
    """When the group was bootstrapped, by the clock of the node that did: ten-millionths of a second. Empty without a group."""

    @property
    def own(self) -> Member:
        return next((m for m in self.members if m.own), Member("", "OFFLINE", "", True))

    @property
    def active(self) -> bool:
        return self.own.state in ("ONLINE", "RECOVERING")

    @property
    def online(self) -> int:
        return sum(member.state == "ONLINE" for member in self.members)

    def is_alone(self, majority: int) -> bool:
        """A member of a group that has lost the others, or has yet to get them: their loss alone, which the view still has, makes none."""
        return self.active and len(self.members) < majority

    @property
    def leads(self) -> bool:
        """It takes writes, by its own word alone."""
        return self.own.state == "ONLINE" and self.own.role == "PRIMARY" and not self.read_only


class Server:
    """Every call makes a connection of its own. All raise pymysql.Error."""

    def state(self, seconds: int = 2) -> State:
        with self.connect(seconds) as connection, connection.cursor() as cursor:
            cursor.execute(
                f"SELECT MEMBER_HOST, MEMBER_STATE, MEMBER_ROLE, MEMBER_ID = @@server_uuid FROM {MEMBERS}"
            )
            members = tuple(Member(host, state, role, bool(own)) for host, state, role, own in cursor)
            cursor.execute(
                "SELECT @@global.super_read_only, @@global.gtid_executed, COALESCE((SELECT RECEIVED_TRANSACTION_SET"
                " FROM performance_schema.replication_connection_status"
                " WHERE CHANNEL_NAME = 'group_replication_applier'), ''), COALESCE((SELECT VIEW_ID"
                " FROM performance_schema.replication_group_member_stats WHERE MEMBER_ID = @@server_uuid), '')"
            )
            ((read_only, executed, received, view),) = cursor
        sets = [text.replace("\n", "") for text in (executed, received) if text]
        return State(members, bool(read_only), ",".join(sets), view.split(":")[0])

    def contains(self, part: str, whole: str) -> bool:
        with self.connect(2) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT GTID_SUBSET(%s, %s)", [part, whole])
            return bool(cursor.fetchone()[0])

    def do(self, statements: Sequence[str], seconds: int = 10, values: Sequence[Any] = ()) -> None:
        with self.connect(seconds) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, values if "%s" in statement else None)

    def connect(self, seconds: int) -> "pymysql.Connection[Any]":
        return pymysql.connect(
            unix_socket=paths.SOCKET,
            user="root",
            autocommit=True,
            connect_timeout=seconds,
            read_timeout=seconds,
            write_timeout=seconds,
        )
