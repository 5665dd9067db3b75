"""One node asked by CQL. As a program, `cql 'SELECT …'`, it takes one statement: as the administrator, or as whom CQL_USER and
CQL_PASSWORD name."""

import logging
import os
import sys
from typing import Any, Self

from cassandra import DriverException, RequestExecutionException
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import (
    EXEC_PROFILE_DEFAULT,
    Cluster,
    ConsistencyLevel,
    ExecutionProfile,
    NoHostAvailable,
)
from cassandra.policies import WhiteListRoundRobinPolicy

from .description import read_node, read_secrets

PORT = 9042
DEADLINE = 5

# What fails is raised as well, and said once by whoever asked.
logging.getLogger("cassandra").setLevel(logging.CRITICAL)

Failed = (DriverException, RequestExecutionException, NoHostAvailable, OSError)


class Refused(Exception):
    """No session came about."""


class Login:
    """A session on one node alone, whatever others there are. Raises Refused where none comes about."""

    def __init__(
        self, address: str, user: str, password: str, consistency: int = ConsistencyLevel.LOCAL_ONE
    ) -> None:
        self._cluster = Cluster(
            [address],
            port=PORT,
            protocol_version=4,
            auth_provider=PlainTextAuthProvider(user, password),
            connect_timeout=DEADLINE,
            control_connection_timeout=DEADLINE,
            schema_metadata_enabled=False,
            token_metadata_enabled=False,
            execution_profiles={
                EXEC_PROFILE_DEFAULT: ExecutionProfile(
                    load_balancing_policy=WhiteListRoundRobinPolicy([address]),
                    request_timeout=DEADLINE,
                    consistency_level=consistency,
                )
            },
        )
        try:
            self._session = self._cluster.connect()
        except Failed as error:
            self.close()
            raise Refused(f"CQL gives {user} no session: {error}") from error

    def execute(self, statement: str, deadline: int = DEADLINE) -> list[Any]:
        return list(self._session.execute(statement, timeout=deadline))

    def peers(self) -> list[str]:
        """Addresses of the other nodes that this one knows in its ring."""
        return [row.peer for row in self.execute("SELECT peer FROM system.peers")]

    def close(self) -> None:
        self._cluster.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def main() -> None:
    user = os.environ.get("CQL_USER", "admin")
    password = os.environ.get("CQL_PASSWORD") or read_secrets().admin
    with Login(read_node().address, user, password) as login:
        for row in login.execute(sys.argv[1], deadline=30):
            print("\t".join(str(value) for value in row))


if __name__ == "__main__":
    main()
