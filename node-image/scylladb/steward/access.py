"""The ring's logins: made once the ring is complete, and written anew whenever its description changed."""

from cassandra import InvalidRequest
from cassandra.cluster import ConsistencyLevel

from . import cql, log
from .description import Node, Secrets

ADMIN = "admin"
PORTAL = "portal"
FACTORY = ("cassandra", "cassandra")
"""What every new Cassandra lets in."""


def form(node: Node, secrets: Secrets) -> None:
    """On a ring that has none of our logins yet. Can be repeated from any point at which it was interrupted."""
    try:
        with cql.Login(node.address, *FACTORY) as login:
            _require_all(node, login)
            _spread(login, node)
            _ensure(login, ADMIN, secrets.admin, "SUPERUSER = true")
    except cql.Refused:
        # The factory's login was taken away already.
        pass
    with _administrator(node, secrets) as login:
        _write(login, node, secrets)


def converge(node: Node, secrets: Secrets) -> None:
    """Every row is written again, so that nodes that came later have it."""
    with _administrator(node, secrets) as login:
        _require_all(node, login)
        _spread(login, node)
        _ensure(login, ADMIN, secrets.admin)
        _write(login, node, secrets)


def _write(login: cql.Login, node: Node, secrets: Secrets) -> None:
    _ensure(login, PORTAL, secrets.portal)
    login.execute("ALTER ROLE cassandra WITH SUPERUSER = false AND LOGIN = false")
    # Last: by this login a ring is known as complete. Whoever creates a keyspace may do everything in it.
    _ensure(login, node.user, secrets.app)
    login.execute(f'GRANT CREATE ON ALL KEYSPACES TO "{node.user}"')
    log.info("the ring's logins are written", nodes=len(node.members))


def _administrator(node: Node, secrets: Secrets) -> cql.Login:
    return cql.Login(node.address, ADMIN, secrets.admin, ConsistencyLevel.QUORUM)


class Incomplete(Exception):
    """Not every member is in the ring yet."""


def _require_all(node: Node, login: cql.Login) -> None:
    peers = login.peers()
    missing = [address for address in node.others if address not in peers]
    if missing:
        raise Incomplete(f"waits for {', '.join(missing)} to join the ring")


def _spread(login: cql.Login, node: Node) -> None:
    """Cassandra keeps its logins once: the loss of one node would lock everybody out."""
    replication = f"{{'class': 'NetworkTopologyStrategy', 'datacenter1': {len(node.members)}}}"
    login.execute(f"ALTER KEYSPACE system_auth WITH replication = {replication}", deadline=30)


def _ensure(login: cql.Login, role: str, password: str, new: str = "SUPERUSER = false") -> None:
    options = f"PASSWORD = '{password}' AND LOGIN = true"
    try:
        login.execute(f'CREATE ROLE "{role}" WITH {options} AND {new}')
    except InvalidRequest:
        # It is there already. Nobody may say whether they are a superuser themselves.
        login.execute(f'ALTER ROLE "{role}" WITH {options}')
