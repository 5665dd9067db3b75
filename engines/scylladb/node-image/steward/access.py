"""The ring's logins: made once the ring is complete, and given the password that is described whenever that is another one.

What was set last is noted in the ring. So a password that the description changes can be told from one that somebody changed by CQL: to undo
that would bring a password back to life that had leaked.
"""

import hashlib

from cassandra import InvalidRequest
from cassandra.cluster import ConsistencyLevel

from portico_node import log

from . import cql
from .description import Node, Secrets

ADMIN = "admin"
PORTAL = "portal"
FACTORY = ("cassandra", "cassandra")
"""What every new Cassandra lets in."""

NOTES = "portico.passwords"
"""Which the application may neither read nor change."""


def form(node: Node, secrets: Secrets) -> None:
    """On a ring that has none of our logins yet: makes the administrator's. Can be repeated from any point at which it was interrupted."""
    try:
        with cql.Login(node.address, *FACTORY) as login:
            _require_all(node, login)
            _spread(login, node, "system_auth")
            try:
                login.execute(f"CREATE ROLE {ADMIN} WITH {_password(secrets.admin)} AND SUPERUSER = true")
            except InvalidRequest:
                # It is there already. Nobody may say whether they are a superuser themselves.
                login.execute(f"ALTER ROLE {ADMIN} WITH {_password(secrets.admin)}")
    except cql.Refused:
        # The factory's login was taken away already.
        pass


def converge(node: Node, secrets: Secrets) -> list[str]:
    """By the first node: everything that is described. Gives what somebody has to look at."""
    with _administrator(node, secrets) as login:
        _require_all(node, login)
        _spread(login, node, "system_auth")
        _ensure_notes(login, node)
        login.execute("ALTER ROLE cassandra WITH SUPERUSER = false AND LOGIN = false")
        kept = _ensure(login, node.user, secrets.app)
        # Whoever creates a keyspace may do everything in it.
        login.execute(f'GRANT CREATE ON ALL KEYSPACES TO "{node.user}"')
        # Last: by this login a ring is known as complete.
        _ensure_own(login, secrets)
    log.info("the ring's logins are as described", nodes=len(node.members))
    return _alarms(node, kept)


def look(node: Node, secrets: Secrets) -> list[str]:
    """
    The passwords alone, again and again. The first node gives what has changed. Every node reads, with a majority: so one that was away for
    longer than its hints are kept has what was given meanwhile.
    """
    with _administrator(node, secrets) as login:
        if node.ordinal != 0:
            return _alarms(node, _is_kept(login, node.user, secrets.app) is not False)
        kept = _ensure(login, node.user, secrets.app)
        _ensure_own(login, secrets)
    return _alarms(node, kept)


def _alarms(node: Node, kept: bool) -> list[str]:
    if kept:
        return []
    return [
        f"the password of {node.user} was changed by hand: it stays so, and the stack's own does not work; "
        "raise `rotate` for a new one"
    ]


def _administrator(node: Node, secrets: Secrets) -> cql.Login:
    return cql.Login(node.address, ADMIN, secrets.admin, ConsistencyLevel.QUORUM)


class Incomplete(Exception):
    """Not every member is in the ring yet."""


def _require_all(node: Node, login: cql.Login) -> None:
    peers = login.peers()
    missing = [address for address in node.others if address not in peers]
    if missing:
        raise Incomplete(f"waits for {', '.join(missing)} to join the ring")


def _spread(login: cql.Login, node: Node, keyspace: str) -> None:
    """Cassandra keeps its logins once: the loss of one node would lock everybody out."""
    login.execute(f"ALTER KEYSPACE {keyspace} WITH replication = {_replication(node)}", deadline=30)


def _ensure_notes(login: cql.Login, node: Node) -> None:
    keyspace = NOTES.split(".")[0]
    login.execute(f"CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {_replication(node)}", deadline=30)
    _spread(login, node, keyspace)
    login.execute(f"CREATE TABLE IF NOT EXISTS {NOTES} (role text PRIMARY KEY, given text, stored text)", deadline=30)


def _replication(node: Node) -> str:
    return f"{{'class': 'NetworkTopologyStrategy', 'datacenter1': {len(node.members)}}}"


def _ensure_own(login: cql.Login, secrets: Secrets) -> None:
    if not _ensure(login, PORTAL, secrets.portal):
        # The cluster itself can't do without it, and nobody else logs in with it.
        _set_password(login, "ALTER", PORTAL, secrets.portal)
        log.error(f"the password of {PORTAL} was changed by hand: it is set back", alarm=True)


def _ensure(login: cql.Login, role: str, password: str) -> bool:
    """Sets it where the description has changed. False where it hasn't, and the server's is another one all the same."""
    kept = _is_kept(login, role, password)
    if kept is None:
        _set_password(login, "ALTER" if _stored(login, role) else "CREATE", role, password)
    return kept is not False


def _is_kept(login: cql.Login, role: str, password: str) -> bool | None:
    """Whether the server has the password still that it was given last. None where what is described is yet to be given."""
    stored = _stored(login, role)
    notes = login.execute(f"SELECT given, stored FROM {NOTES} WHERE role = '{role}'")
    if stored is None or not notes or notes[0].given != _digest(f"{role} {password}"):
        return None
    return notes[0].stored == _digest(stored)


def _stored(login: cql.Login, role: str) -> str | None:
    """As the server keeps it: with another salt each time that it is set."""
    rows = login.execute(f"SELECT salted_hash FROM system_auth.roles WHERE role = '{role}'")
    return rows[0].salted_hash if rows else None


def _set_password(login: cql.Login, verb: str, role: str, password: str) -> None:
    more = " AND SUPERUSER = false" if verb == "CREATE" else ""
    login.execute(f'{verb} ROLE "{role}" WITH {_password(password)}{more}')
    # Noted afterwards: whoever dies before this gives it once more.
    given, stored = _digest(f"{role} {password}"), _digest(_stored(login, role) or "")
    login.execute(f"INSERT INTO {NOTES} (role, given, stored) VALUES ('{role}', '{given}', '{stored}')")
    log.info(f"{'created the login' if verb == 'CREATE' else 'set the password of'} {role}")


def _password(password: str) -> str:
    return f"PASSWORD = '{password}' AND LOGIN = true"


def _digest(text: str) -> str:
    """The password itself is no word, and nobody finds it by trying."""
    return hashlib.sha256(text.encode()).hexdigest()
