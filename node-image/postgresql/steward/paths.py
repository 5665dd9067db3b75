"""Where things are in the container."""

NODE = "/etc/portico/node"
CA = f"{NODE}/ca.crt"
PEER_CERT = f"{NODE}/peer.crt"
PEER_KEY = f"{NODE}/peer.key"

RUN = "/run/portico/postgres"
PATRONI_CONFIG = f"{RUN}/patroni.yml"
SERVER_CERT = f"{RUN}/server.crt"
SERVER_KEY = f"{RUN}/server.key"
HEALTH = f"{RUN}/health"
PATRONI_SERVICE = f"{RUN}/services/patroni"
SOCKETS = "/run/postgresql"

PGDATA = "/var/lib/portico/postgresql/data"
ETCD_DATA = "/var/lib/portico/etcd/data"
PG_BIN = "/usr/lib/postgresql/17/bin"
