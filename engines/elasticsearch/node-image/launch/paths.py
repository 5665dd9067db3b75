"""Where things are in the container."""

NODE = "/etc/portico/node"
CA = "ca.crt"
PEER_CERT = "peer.crt"
PEER_KEY = "peer.key"

RUN = "/run/portico"
CONFIG = f"{RUN}/config"
LOGS = f"{RUN}/logs"
FOUND = f"{RUN}/found"
"""Copies of the mounted certificates, until it is known whether they fit together."""

STATE = "/var/lib/portico/elasticsearch"
LOCK = f"{STATE}/.lock"
DATA = f"{STATE}/data"
# Java unpacks native code into it, and a tmpfs may forbid to run any.
TEMPORARY = f"{STATE}/tmp"

HOME = "/usr/local/lib/elasticsearch"
SERVER = f"{HOME}/bin/elasticsearch"
JAVA = "/usr/lib/jvm/java-21-openjdk"
