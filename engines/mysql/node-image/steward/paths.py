"""Where things are in the container."""

NODE = "/etc/portico/node"
CA = f"{NODE}/ca.crt"
PEER_CERT = f"{NODE}/peer.crt"
PEER_KEY = f"{NODE}/peer.key"

RUN = "/run/portico/mysql"
CONFIG = f"{RUN}/my.cnf"
SERVER_CERT = f"{RUN}/server.crt"
SERVER_KEY = f"{RUN}/server.key"
SOCKET = f"{RUN}/socket/mysqld.sock"
"""In a folder that nobody but the server's own user may enter: root needs no password there."""
HEALTH = f"{RUN}/health"
SERVICE = f"{RUN}/services/mysqld"

VOLUME = "/var/lib/portico/mysql"
DATA = f"{VOLUME}/data"
EMPTY = "/usr/local/share/portico-data"
"""The data directory of a server that has never run."""
TEMPORARY = f"{VOLUME}/tmp"
"""On the disk."""
INSTALLING = f"{VOLUME}/installing"
GROUP = f"{VOLUME}/group.json"
"""Which group this node belongs to, and whether it has ever been a working member of it."""

PROMISE = f"{VOLUME}/promise.json"

SERVER_PORT = 3306
GROUP_PORT = 33061
STEWARD_PORT = 33062
