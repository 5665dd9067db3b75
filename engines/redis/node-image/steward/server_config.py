"""The server's configuration, as text. It always starts as a replica of nobody: what it becomes is decided later."""

from . import paths
from .description import Node, Secrets

NOBODY = ("127.0.0.1", 1)
"""A leader that can't be: its replica takes no writes and copies nothing."""


def server_config(node: Node, secrets: Secrets, cluster: str | None) -> str:
    host, port = NOBODY
    mib = node.memory
    return "\n".join(
        [
            "bind 0.0.0.0",
            "port 6379",
            # Users are what protects it, and the network that nobody else is in.
            "protected-mode no",
            f"aclfile {paths.USERS}",
            f"dir {paths.DATA}",
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            f"replicaof {host} {port}",
            f"replica-announce-ip {node.address}",
            "masteruser replication",
            f"masterauth {secrets.replication}",
            # Without data of the cluster it must never be chosen.
            f"replica-priority {priority(cluster)}",
            # HELLO tells the zone to whoever asks, without a secret, and nothing here has zones of its own to tell.
            f'availability-zone "{cluster or ""}"',
            # A leader that its replicas have left takes no writes.
            f"min-replicas-to-write {min(1, len(node.members) - 1)}",
            "min-replicas-max-lag 10",
            "repl-diskless-sync-delay 0",
            "repl-timeout 20",
            f"repl-backlog-size {max(8, mib // 32)}mb",
            f"client-output-buffer-limit replica {mib // 4}mb {mib // 8}mb 60",
            # By default a subscriber is cut for whom 8 MB wait for a minute. What waits for clients has the bound below.
            "client-output-buffer-limit pubsub 0 0 0",
            # Half is left to copies on write, replication's buffers, Sentinel and the steward.
            f"maxmemory {mib // 2}mb",
            "maxmemory-policy noeviction",
            "maxmemory-clients 10%",
            "maxclients 4300",
            # A portal that is gone is noticed within a minute; by default after ten.
            "tcp-keepalive 25",
            "lazyfree-lazy-user-flush yes",
            # What the application restores is looked through first: crafted bytes could otherwise break the server.
            "sanitize-dump-payload clients",
            # A leader that stops gives its replicas this long to have everything.
            "shutdown-timeout 5",
            "",
        ]
    )


def priority(cluster: str | None) -> int:
    return 0 if cluster is None else 100
