"""MySQL's configuration as a function of the node's description. Nothing here reads or writes."""

from . import paths
from .description import Node


def server_config(node: Node, group: str) -> str:
    lines = [
        f"{key} = {value}" if value != "" else key for key, value in _settings(node, group).items()
    ]
    return "\n".join(["[mysqld]", *lines, "", "[client]", f"socket = {paths.SOCKET}", ""])


def _settings(node: Node, group: str) -> dict[str, object]:
    addresses = node.members.values()
    return {
        "datadir": paths.DATA,
        "socket": paths.SOCKET,
        "pid-file": f"{paths.RUN}/mysqld.pid",
        # Not /tmp, which is memory: sorting a large table would end the server.
        "tmpdir": paths.TEMPORARY,
        "secure-file-priv": "NULL",
        "port": paths.SERVER_PORT,
        "bind-address": "*",
        # So that `localhost` means the socket, which is where root may come, and nobody else can.
        "skip-name-resolve": "ON",
        "report-host": node.address,
        "mysqlx": "OFF",
        # Who reads slowly is as welcome as who is idle; by default one that pauses for a minute is cut. Who sends slowly has the time of
        # who is idle: net_read_timeout counts for LOAD DATA LOCAL alone, which is off. Who is gone is found by keepalives and the
        # container's tcp_retries2.
        "net-write-timeout": 28800,
        # For each message of a login, the first one included: the server greets, so no portal can tell who has nothing to say.
        "connect-timeout": 10,
        "log-error-verbosity": 2,
        # The authority is the deployment's own, and the folder of the pid file was made safe before anybody could use it.
        "log-error-suppression-list": "MY-010068,MY-011810,MY-015655",
        **_memory(node.memory),
        **_safety(),
        # No client without TLS, and none below 1.2.
        "require-secure-transport": "ON",
        "tls-version": "TLSv1.2,TLSv1.3",
        "auto-generate-certs": "OFF",
        "caching-sha2-password-auto-generate-rsa-keys": "OFF",
        "ssl-ca": paths.CA,
        "ssl-cert": paths.SERVER_CERT,
        "ssl-key": paths.SERVER_KEY,
        "server-id": node.ordinal,
        "gtid-mode": "ON",
        "enforce-gtid-consistency": "ON",
        "log-bin": "binlog",
        "relay-log": "relay",
        # A member that was away for longer is cloned as a whole.
        "binlog-expire-logs-seconds": 3 * 24 * 3600,
        "max-binlog-size": "64M",
        "plugin-load-add": "group_replication.so;mysql_clone.so",
        # Nobody writes to a server before the group has said that it may.
        "super-read-only": "ON",
        # The steward starts it, once it knows whether there is a group.
        "loose-group-replication-start-on-boot": "OFF",
        "loose-group-replication-group-name": group,
        "loose-group-replication-local-address": f"{node.address}:{paths.GROUP_PORT}",
        "loose-group-replication-group-seeds": ",".join(
            f"{address}:{paths.GROUP_PORT}" for address in addresses
        ),
        "loose-group-replication-ip-allowlist": ",".join(addresses),
        "loose-group-replication-ssl-mode": "VERIFY_CA",
        "loose-group-replication-recovery-use-ssl": "ON",
        "loose-group-replication-recovery-ssl-ca": paths.CA,
        "loose-group-replication-recovery-ssl-verify-server-cert": "ON",
        "loose-group-replication-single-primary-mode": "ON",
        # A member that is silent is suspected after 5 s, and expelled then. Any other value is looked at in rounds of 15 s: with 5,
        # a primary that was killed was followed after 20 to 24 s (9.7.4).
        "loose-group-replication-member-expel-timeout": 0,
        # A primary without a majority hangs; after this it gives up, and its clients learn of it.
        "loose-group-replication-unreachable-majority-timeout": 15,
        "loose-group-replication-exit-state-action": "READ_ONLY",
        # The steward looks every half a second; the server itself would wait five minutes between two tries.
        "loose-group-replication-autorejoin-tries": 0,
        # A new primary answers only once it has applied all that the old one acknowledged.
        "loose-group-replication-consistency": "BEFORE_ON_PRIMARY_FAILOVER",
    }


def _safety() -> dict[str, object]:
    """What is acknowledged is on the disk."""
    return {"sync-binlog": 1, "innodb-flush-log-at-trx-commit": 1}


def _memory(memory: int) -> dict[str, object]:
    """`memory` in MiB is what the server and the steward share. Group Replication's own cache is its least."""
    return {
        "innodb-buffer-pool-size": f"{max(64, memory // 6)}M",
        "innodb-redo-log-capacity": "64M",
        "innodb-numa-interleave": "OFF",
        "innodb-log-buffer-size": "8M",
        "key-buffer-size": "8M",
        "max-connections": 250,
        "table-open-cache": 400,
        "table-definition-cache": 400,
        "thread-cache-size": 16,
        "loose-group-replication-message-cache-size": 128 * 1024 * 1024,
        "performance-schema-max-table-instances": 200,
        "performance-schema-max-table-handles": 400,
        "performance-schema-digests-size": 500,
        "performance-schema-max-digest-length": 512,
        "performance-schema-consumer-events-stages-current": "ON",
        "performance-schema-events-statements-history-long-size": 100,
        "performance-schema-events-waits-history-long-size": 100,
        "performance-schema-events-stages-history-long-size": 100,
        "performance-schema-events-transactions-history-long-size": 100,
    }
