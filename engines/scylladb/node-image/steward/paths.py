"""Where things are in the container."""

NODE = "/etc/portico/node"
CA = f"{NODE}/ca.crt"

RUN = "/run/portico/cassandra"
CONFIG = f"{RUN}/cassandra.yaml"
PEER = f"{RUN}/peer.pem"
"""Key and certificate in one file, as Cassandra reads them."""
HEALTH = f"{RUN}/health"

LIB = "/usr/local/lib/cassandra"
LOGBACK = "/usr/local/lib/portico/logback.xml"

STATE = "/var/lib/portico/cassandra"
DATA = f"{STATE}/data"
LOCK = f"{STATE}/.lock"
ENTRY = f"{STATE}/entry"
"""How this node came into the ring, while it is not yet a member."""
SCRATCH = f"{STATE}/scratch"
"""For native libraries, which Java unpacks before it loads them: /tmp is mounted noexec."""
