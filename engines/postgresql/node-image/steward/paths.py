"""Where things are in the container."""

import os

NODE = os.environ.get("PORTICO_NODE", "/etc/portico/node")
FOR_ETCD = "/run/portico/for-etcd"
"""What of it etcd needs, and may read."""
CA = f"{NODE}/ca.crt"
PEER_CERT = f"{NODE}/peer.crt"
PEER_KEY = f"{NODE}/peer.key"

RUN = "/run/portico/postgres"
PATRONI_CONFIG = f"{RUN}/patroni.yml"
PEER = f"{RUN}/peer.pem"
"""Certificate and key in one file, for Patroni."""
SERVER_CERT = f"{RUN}/server.crt"
SERVER_KEY = f"{RUN}/server.key"
HEALTH = f"{RUN}/health"
PATRONI = "/usr/local/lib/portico/bin/patroni"
"""Patroni's own program, and what portals need of its REST API."""
PATRONI_SERVICE = f"{RUN}/services/patroni"
SOCKETS = "/run/postgresql"

PGDATA = "/var/lib/portico/postgresql/data"
UNFINISHED = "/var/lib/portico/postgresql/unfinished"
"""There while this node makes the first database, until it has worked with it: the revision of its claim in etcd."""
REWINDING = "/var/lib/portico/postgresql/rewinding"
"""There while pg_rewind changes the data, and where it was broken off."""
ETCD_DATA = "/var/lib/portico/etcd/data"
PG_BIN = "/usr/lib/postgresql/17/bin"
# What Patroni calls in the place of PostgreSQL's own.
INITDB = "/usr/local/lib/portico/initdb"
REWIND = "/usr/local/lib/portico/rewind"
