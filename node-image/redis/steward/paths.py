"""Where things are in the container."""

NODE = "/etc/portico/node"

RUN = "/run/portico/valkey"
SERVER_CONFIG = f"{RUN}/server.conf"
USERS = f"{RUN}/users.acl"
HEALTH = f"{RUN}/health"
SERVER_SERVICE = f"{RUN}/services/server"
SENTINEL_SERVICE = f"{RUN}/services/sentinel"

STATE = "/var/lib/portico/valkey"
DATA = f"{STATE}/data"
SENTINEL_CONFIG = f"{STATE}/sentinel.conf"
"""Sentinel keeps its epochs and votes in its configuration, so it lies with the data."""
MEMBERS = f"{STATE}/members.json"
"""Names and addresses by which that configuration was written."""
CLUSTER = f"{STATE}/cluster"
"""Id of the cluster whose data is here."""
