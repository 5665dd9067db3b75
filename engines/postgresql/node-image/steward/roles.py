"""Keeps the database's users and the application's database as described.

Run by Patroni as a module right after it has made a new cluster, so that nobody can find the cluster
without them; and by the leader's steward, so that a changed password takes effect.

What was set last is noted beside the data, as a hash. So a password that the description changes can be told from one that
somebody changed by SQL: to undo that would bring a password back to life that had leaked.
"""

import base64
import hashlib
import hmac
import sys

import psycopg2
from psycopg2.extensions import encrypt_password
from psycopg2.sql import SQL, Identifier, Literal

from portico_node import log

from . import paths
from .description import Node, Secrets, read_node, read_secrets


NOTES = "portico.passwords"
"""In the database `postgres`, which the application's user has nothing in."""


def ensure_roles(node: Node, secrets: Secrets) -> list[str]:
    """Only on a leader. Gives what somebody has to look at. Raises psycopg2.Error."""
    alarms: list[str] = []
    connection = psycopg2.connect(
        host=paths.SOCKETS, user="postgres", dbname="postgres", connect_timeout=5,
        application_name="portico steward",
        # Must not wait for replicas: at the very start there are none.
        options="-c synchronous_commit=local -c statement_timeout=10s",
    )
    connection.autocommit = True  # CREATE DATABASE refuses a transaction
    try:
        with connection.cursor() as cursor:
            _ensure_notes(cursor)
            if not _ensure_user(cursor, node.user, secrets.app):
                alarms.append(
                    f"the password of {node.user} was changed by hand: it stays so, and the stack's own does not work; "
                    "raise `rotate` for a new one"
                )
            _ensure_database(cursor, node.database, node.user)
            for user, password in [
                ("postgres", secrets.superuser),
                ("replicator", secrets.replication),
                ("rewind_user", secrets.rewind),
            ]:
                if not _ensure_password(cursor, user, password):
                    # The cluster itself can't do without it, and nobody else logs in with it.
                    _set_password(cursor, user, password)
                    log.error(f"the password of {user} was changed by hand: it is set back", alarm=True)
    finally:
        connection.close()
    return alarms


def matches(verifier: str, password: str) -> bool:
    """Whether PostgreSQL's stored SCRAM verifier (RFC 5803) was made from `password`."""
    try:
        mechanism, rounds_and_salt, keys = verifier.split("$")
        rounds, salt = rounds_and_salt.split(":")
        stored_key = base64.b64decode(keys.split(":")[0])
    except ValueError:
        return False
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return mechanism == "SCRAM-SHA-256" and hmac.compare_digest(
        hashlib.sha256(client_key).digest(), stored_key
    )


def _ensure_notes(cursor) -> None:
    cursor.execute("SELECT to_regclass(%s)", [NOTES])
    if cursor.fetchone()[0] is None:
        cursor.execute(
            "CREATE SCHEMA IF NOT EXISTS portico;"
            f"CREATE TABLE IF NOT EXISTS {NOTES} (role name PRIMARY KEY, note text NOT NULL)"
        )


def _ensure_user(cursor, user: str, password: str) -> bool:
    """False where somebody has changed the password by hand."""
    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [user])
    if cursor.rowcount == 0:
        _set_password(cursor, user, password, "CREATE ROLE {} LOGIN PASSWORD {}")
        return True
    return _ensure_password(cursor, user, password)


def _ensure_database(cursor, database: str, owner: str) -> None:
    cursor.execute("SELECT FROM pg_database WHERE datname = %s", [database])
    if cursor.rowcount == 0:
        statement = SQL("CREATE DATABASE {} OWNER {}")
        cursor.execute(statement.format(Identifier(database), Identifier(owner)))
        log.info(f"created the database {database}, owned by {owner}")


def _ensure_password(cursor, user: str, password: str) -> bool:
    """Sets it where the description has changed. False where it hasn't, and the server's is another one all the same."""
    cursor.execute(
        f"SELECT rolpassword, (SELECT note FROM {NOTES} WHERE role = rolname) FROM pg_authid WHERE rolname = %s", [user]
    )
    row = cursor.fetchone()
    if row is None:
        return True  # Patroni makes its own users a moment later than the bootstrap
    stored, noted = row
    note = _note(user, password)
    if stored is not None and matches(stored, password):
        if noted != note:
            _write_note(cursor, user, note)
        return True
    if noted == note:
        return False
    _set_password(cursor, user, password)
    return True


def _set_password(cursor, user: str, password: str, statement: str = "ALTER ROLE {} PASSWORD {}") -> None:
    # With its note or not at all: a node may die between any two statements.
    cursor.execute("BEGIN")
    try:
        cursor.execute(SQL(statement).format(Identifier(user), _verifier(cursor, user, password)))
        _write_note(cursor, user, _note(user, password))
        cursor.execute("COMMIT")
    except psycopg2.Error:
        if not cursor.connection.closed:
            cursor.execute("ROLLBACK")
        raise
    log.info(f"{'created the user' if statement.startswith('CREATE') else 'set the password of'} {user}")


def _write_note(cursor, user: str, note: str) -> None:
    cursor.execute(
        f"INSERT INTO {NOTES} VALUES (%s, %s) ON CONFLICT (role) DO UPDATE SET note = excluded.note", [user, note]
    )


def _note(user: str, password: str) -> str:
    return hashlib.sha256(f"{user} {password}".encode()).hexdigest()


def _verifier(cursor, user: str, password: str) -> Literal:
    """Made on this side, so that no password stands in a statement, where a log could show it."""
    return Literal(encrypt_password(password, user, cursor.connection, "scram-sha-256"))


if __name__ == "__main__":
    try:
        ensure_roles(read_node(), read_secrets())
    except psycopg2.Error as problem:
        log.error(f"the new cluster has no user for the application: {problem}")
        sys.exit(1)
