"""Patroni's configuration as a function of the node's description. Nothing here reads or writes."""

from typing import Any

from . import paths
from .description import Node, Secrets


def cluster_config(node: Node) -> dict[str, Any]:
    """What holds for the whole cluster and lives in etcd. The steward of the leader keeps it so."""
    quorum = node.durability == "quorum"
    return {
        # 20 s is the least that Patroni recommends, and loop_wait + 2 * retry_timeout must fit into it.
        "ttl": 20,
        "loop_wait": 5,
        "retry_timeout": 7,
        # Without it a healthy leader steps down when etcd loses its quorum.
        "failsafe_mode": True,
        # A crashed leader is replaced at once, not awaited for five minutes.
        "primary_start_timeout": 0,
        # For `async`, the bound of what a failover may lose; one WAL segment. With `quorum` the votes decide.
        "maximum_lag_on_failover": 16 * 1024 * 1024,
        "check_timeline": True,
        # Strict: with no replica left a commit waits, rather than being acknowledged from one disk.
        "synchronous_mode": "quorum" if quorum else False,
        "synchronous_mode_strict": quorum,
        "synchronous_node_count": 1,
        "postgresql": {
            "use_pg_rewind": True,
            # A former leader that cannot be rewound is cloned again, without a person.
            "remove_data_directory_on_rewind_failure": True,
            "remove_data_directory_on_diverged_timelines": True,
            "use_slots": True,
            "parameters": {
                # These must be equal on all nodes, so Patroni takes them from here alone.
                "max_connections": 100 if node.memory < 1024 else 200,
                "max_worker_processes": 8,
                "max_wal_senders": 10,
                "max_replication_slots": 10,
                "max_prepared_transactions": 0,
                "wal_level": "replica",
                "wal_log_hints": "on",
                "wal_keep_size": "128MB",
                "hot_standby": "on",
            },
        },
    }


def node_config(node: Node, secrets: Secrets) -> dict[str, Any]:
    return {
        "scope": node.scope,
        "name": node.name,
        "log": {
            "type": "json",
            "level": "INFO",
            "format": [{"levelname": "level"}, {"asctime": "time"}, {"message": "msg"}],
            "static_fields": {"service": "patroni"},
        },
        "restapi": {
            "listen": "0.0.0.0:8008",
            "connect_address": f"{node.address}:8008",
            "certfile": paths.PEER,
            "cafile": paths.CA,
            "verify_client": "required",
            "authentication": {"username": "patroni", "password": secrets.restapi},
        },
        "ctl": {"certfile": paths.PEER, "cacert": paths.CA},
        "etcd3": {
            "hosts": [f"{address}:2379" for address in node.members.values()],
            "protocol": "https",
            "cacert": paths.CA,
            "cert": paths.PEER,
            "username": "patroni",
            "password": secrets.etcdPatroni,
        },
        "bootstrap": {
            "dcs": cluster_config(node),
            "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
            "post_bootstrap": "/usr/bin/python3 -m steward.roles",
        },
        "postgresql": {
            "listen": "0.0.0.0:5432",
            "connect_address": f"{node.address}:5432",
            "bin_dir": paths.PG_BIN,
            "bin_name": {"initdb": paths.INITDB, "pg_rewind": paths.REWIND},
            "data_dir": paths.PGDATA,
            "pgpass": f"{paths.RUN}/pgpass",
            "use_unix_socket": True,
            "use_unix_socket_repl": True,
            "authentication": {
                user: {
                    "username": name,
                    "password": password,
                    # Not verify-full: the name of a node is its address, which a client's
                    # certificate of PostgreSQL need not carry; the authority is the deployment's own.
                    "sslmode": "verify-ca",
                    "sslrootcert": paths.CA,
                }
                for user, name, password in [
                    ("superuser", "postgres", secrets.superuser),
                    ("replication", "replicator", secrets.replication),
                    ("rewind", "rewind_user", secrets.rewind),
                ]
            },
            "parameters": _parameters(node.memory),
            "pg_hba": _access(node),
            "basebackup": [{"checkpoint": "fast"}],
        },
    }


def _access(node: Node) -> list[str]:
    """First match decides and no match refuses: no client without TLS, no superuser over the network."""
    members = sorted(set(node.members.values()))
    return [
        "local all postgres peer",
        "local replication replicator scram-sha-256",
        "local all all scram-sha-256",
        *(f"hostssl replication replicator {address}/32 scram-sha-256" for address in members),
        *(f"hostssl all rewind_user {address}/32 scram-sha-256" for address in members),
        "host all postgres,replicator,rewind_user all reject",
        "hostssl all all all scram-sha-256",
    ]


def _parameters(memory: int) -> dict[str, Any]:
    """`memory` in MiB is what etcd, Patroni and PostgreSQL share; a quarter goes to the buffers."""
    return {
        "shared_buffers": f"{memory // 4}MB",
        "effective_cache_size": f"{memory // 2}MB",
        "maintenance_work_mem": f"{max(16, memory // 16)}MB",
        "work_mem": f"{max(2, memory // 128)}MB",
        "max_wal_size": "512MB",
        "wal_compression": "lz4",
        "checkpoint_completion_target": 0.9,
        # A replica that is gone for long is cloned again, rather than filling the leader's disk.
        "max_slot_wal_keep_size": "4GB",
        "hot_standby_feedback": "on",
        "wal_sender_timeout": "15s",
        "wal_receiver_timeout": "15s",
        "jit": "off",
        "unix_socket_directories": paths.SOCKETS,
        "ssl": "on",
        "ssl_cert_file": paths.SERVER_CERT,
        "ssl_key_file": paths.SERVER_KEY,
        "ssl_min_protocol_version": "TLSv1.2",
        # Of TLS 1.2 forward secrecy and authenticated encryption, as at a portal that ends TLS itself.
        "ssl_ciphers": "ECDHE+AESGCM:ECDHE+CHACHA20",
        "password_encryption": "scram-sha-256",
        # Who says nothing, or never ends its login, keeps a session from others. The portals renew what they hold within it
        # (port-watch.ts).
        "authentication_timeout": "10s",
        # Who is gone is found by these, and by the container's tcp_retries2 while data is under way. With a tcp_user_timeout who reads
        # slowly would be cut, too.
        "tcp_keepalives_idle": 25,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 4,
        "tcp_user_timeout": 0,
        "client_connection_check_interval": "5s",
        "logging_collector": "off",
        "log_destination": "stderr",
        "log_line_prefix": "%m [%p] %q%u@%d from %r ",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
