"""Keeps the database's users and the application's database as described.

Run by Patroni as a module right after it has made a new cluster, so that nobody can find the cluster
without them; and by the leader's steward, so that a changed password takes effect.
"""

import base64
import hashlib
import hmac
import sys

import psycopg2
from psycopg2.extensions import encrypt_password
from psycopg2.sql import SQL, Identifier, Literal

from . import log, paths
from .description import Node, Secrets, read_node, read_secrets


def ensure_roles(node: Node, secrets: Secrets) -> None:
    """Only on a leader. Raises psycopg2.Error."""
    connection = psycopg2.connect(
        host=paths.SOCKETS, user="postgres", dbname="postgres", connect_timeout=5,
        application_name="portico steward",
        # Must not wait for replicas: at the very start there are none.
        options="-c synchronous_commit=local -c statement_timeout=10s",
    )
    connection.autocommit = True  # CREATE DATABASE refuses a transaction
    try:
        with connection.cursor() as cursor:
            _ensure_user(cursor, node.user, secrets.app)
            _ensure_database(cursor, node.database, node.user)
            for user, password in [
                ("postgres", secrets.superuser),
                ("replicator", secrets.replication),
                ("rewind_user", secrets.rewind),
            ]:
                _ensure_password(cursor, user, password)
    finally:
        connection.close()


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


def _ensure_user(cursor, user: str, password: str) -> None:
    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [user])
    if cursor.rowcount == 0:
        statement = SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        cursor.execute(statement.format(Identifier(user), _verifier(cursor, user, password)))
        log.info(f"created the user {user}")
    else:
        _ensure_password(cursor, user, password)


def _ensure_database(cursor, database: str, owner: str) -> None:
    cursor.execute("SELECT FROM pg_database WHERE datname = %s", [database])
    if cursor.rowcount == 0:
        statement = SQL("CREATE DATABASE {} OWNER {}")
        cursor.execute(statement.format(Identifier(database), Identifier(owner)))
        log.info(f"created the database {database}, owned by {owner}")


def _ensure_password(cursor, user: str, password: str) -> None:
    """Changes it only where it differs, by what is stored: no state of our own that could go astray."""
    cursor.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [user])
    row = cursor.fetchone()
    if row is None or (row[0] is not None and matches(row[0], password)):
        return  # Patroni makes its own users a moment later than the bootstrap
    statement = SQL("ALTER ROLE {} PASSWORD {}")
    cursor.execute(statement.format(Identifier(user), _verifier(cursor, user, password)))
    log.info(f"set the password of {user}")


def _verifier(cursor, user: str, password: str) -> Literal:
    """Made on this side, so that no password stands in a statement, where a log could show it."""
    return Literal(encrypt_password(password, user, cursor.connection, "scram-sha-256"))


if __name__ == "__main__":
    try:
        ensure_roles(read_node(), read_secrets())
    except psycopg2.Error as problem:
        log.error(f"the new cluster has no user for the application: {problem}")
        sys.exit(1)
