"""Numbers the group's bootstraps, so that portals never take a later one for an earlier one, whatever the clocks of the nodes said.

A view of the group begins with the time of its bootstrap. Portals take that for the number, unless they read another one here: with
their own user, who is on every node, and of whom each may read the attributes.
"""

import json

from portico_node import log

from .roles import PORTAL
from .server import Server

SECOND = 10**7
"""Of a view's time."""


def number(server: Server, bootstrap: str) -> None:
    """Only on a primary. Raises pymysql.Error."""
    with server.connect(10) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(User_attributes->'$.metadata', '{}') FROM mysql.user WHERE User = %s AND Host = '%%'", [PORTAL]
        )
        ((raw,),) = cursor
        noted = json.loads(raw)
        if noted.get("bootstrap") == bootstrap:
            return
        time = int(bootstrap) // SECOND
        found = max(time, int(noted.get("number", 0)) + 1)
        note = json.dumps({"bootstrap": bootstrap, "number": found})
        cursor.execute("ALTER USER %s@'%%' ATTRIBUTE %s", [PORTAL, note])
        if found != time:
            log.warn(f"this node's clock went back: the group's start at {time} counts as {found}, since one at {found - 1} came before")
