"""Keeps the users and the application's database as described. Only on a primary: the group carries them to the others.

What was set last is noted with the user. So a password that the description changes can be told from one that somebody changed by
SQL: to undo that would bring a password back to life that had leaked.
"""

import hashlib
import json

import pymysql

from portico_node import log

from .description import Node, Secrets
from .server import Server

PORTAL = "portal"
REPLICATION = "replication"


def ensure_roles(server: Server, node: Node, secrets: Secrets) -> list[str]:
    """Gives what somebody has to look at. Raises pymysql.Error."""
    with server.connect(10) as connection, connection.cursor() as cursor:
        for user, password in [(REPLICATION, secrets.replication), (PORTAL, secrets.portal)]:
            if not _ensure_user(cursor, user, password):
                # The cluster itself can't do without it, and nobody else logs in with it.
                _set_password(cursor, "ALTER", user, password)
                log.error(f"the password of {user} was changed by hand: it is set back", alarm=True)
        _grant(cursor, REPLICATION, "REPLICATION SLAVE, BACKUP_ADMIN, CONNECTION_ADMIN", "*.*")
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
        kept = _ensure_user(cursor, node.user, secrets.app)
        # A `_` in the name of a database would otherwise stand for any letter.
        pattern = node.database.replace("_", "\\_")
        _grant(cursor, node.user, "ALL PRIVILEGES", f"{_name(pattern)}.*")
    if kept:
        return []
    return [
        f"the password of {node.user} was changed by hand: it stays so, and the stack's own does not work; "
        "raise `rotate` for a new one"
    ]


def _ensure_user(cursor: "pymysql.cursors.Cursor", user: str, password: str) -> bool:
    """Sets the password where the description has changed. False where it hasn't, and the server's is another one all the same."""
    cursor.execute(
        "SELECT User_attributes->>'$.metadata.portico', User_attributes->>'$.metadata.portico_stored',"
        " SHA2(authentication_string, 256) FROM mysql.user WHERE User = %s AND Host = '%%'",
        [user],
    )
    row = cursor.fetchone()
    if row is None or row[0] != _note(user, password):
        _set_password(cursor, "CREATE" if row is None else "ALTER", user, password)
        return True
    _, noted, stored = row
    if noted is None:
        _note_stored(cursor, user, stored)
    return noted is None or noted == stored


def _set_password(cursor: "pymysql.cursors.Cursor", verb: str, user: str, password: str) -> None:
    # How the server stores it is known afterwards only. Without that note the next look writes it.
    attribute = {"portico": _note(user, password), "portico_stored": None}
    cursor.execute(
        f"{verb} USER %s@'%%' IDENTIFIED WITH caching_sha2_password BY %s REQUIRE SSL ATTRIBUTE %s",
        [user, password, json.dumps(attribute)],
    )
    log.info(f"{'created the user' if verb == 'CREATE' else 'set the password of'} {user}")
    cursor.execute(
        "SELECT SHA2(authentication_string, 256) FROM mysql.user WHERE User = %s AND Host = '%%'", [user]
    )
    _note_stored(cursor, user, cursor.fetchone()[0])


def _note_stored(cursor: "pymysql.cursors.Cursor", user: str, stored: str) -> None:
    cursor.execute("ALTER USER %s@'%%' ATTRIBUTE %s", [user, json.dumps({"portico_stored": stored})])


def _note(user: str, password: str) -> str:
    """As a hash: the password itself is no word."""
    return hashlib.sha256(f"{user} {password}".encode()).hexdigest()


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
