"""Keeps the users and the application's database as described. Only on a primary: the group carries them to the others."""

import hashlib
import json

import pymysql

from . import log
from .description import Node, Secrets
from .server import Server

PORTAL = "portal"
REPLICATION = "replication"


def ensure_roles(server: Server, node: Node, secrets: Secrets) -> None:
    """Raises pymysql.Error."""
    with server.connect(10) as connection, connection.cursor() as cursor:
        _ensure_user(cursor, REPLICATION, secrets.replication)
        _grant(cursor, REPLICATION, "REPLICATION SLAVE, BACKUP_ADMIN, CONNECTION_ADMIN", "*.*")
        _ensure_user(cursor, PORTAL, secrets.portal)
        for table in (
            "replication_group_members",
            "replication_group_member_stats",
            "events_stages_current",
        ):
            _grant(cursor, PORTAL, "SELECT", f"performance_schema.{table}")
        cursor.execute("SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", [node.database])
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE {_name(node.database)}")
            log.info(f"created the database {node.database}")
        _ensure_user(cursor, node.user, secrets.app)
        # A `_` in the name of a database would otherwise stand for any letter.
        pattern = node.database.replace("_", "\\_")
        _grant(cursor, node.user, "ALL PRIVILEGES", f"{_name(pattern)}.*")


def _ensure_user(cursor: "pymysql.cursors.Cursor", user: str, password: str) -> None:
    """Only where something differs. What was set last is noted with the user, as a hash: the password itself is no word."""
    note = hashlib.sha256(f"{user} {password}".encode()).hexdigest()
    cursor.execute(
        "SELECT User_attributes->>'$.metadata.portico' FROM mysql.user WHERE User = %s AND Host = '%%'",
        [user],
    )
    row = cursor.fetchone()
    if row is not None and row[0] == note:
        return
    verb = "CREATE" if row is None else "ALTER"
    cursor.execute(
        f"{verb} USER %s@'%%' IDENTIFIED WITH caching_sha2_password BY %s REQUIRE SSL ATTRIBUTE %s",
        [user, password, json.dumps({"portico": note})],
    )
    log.info(f"{'created the user' if row is None else 'set the password of'} {user}")


def _grant(cursor: "pymysql.cursors.Cursor", user: str, what: str, where: str) -> None:
    """Asked first: a grant is a transaction even where it changes nothing."""
    cursor.execute("SHOW GRANTS FOR %s@'%%'", [user])
    held = [grant for (grant,) in cursor if not grant.startswith("GRANT USAGE ")]
    if any(f" ON {_shown(where)} TO " in grant for grant in held):
        return
    cursor.execute(f"GRANT {what} ON {where} TO %s@'%%'", [user])


def _shown(where: str) -> str:
    """As SHOW GRANTS writes it."""
    database, table = where.rsplit(".", 1)
    quoted = database if database == "*" or database.startswith("`") else f"`{database}`"
    return f"{quoted}.{table if table == '*' else f'`{table}`'}"


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
