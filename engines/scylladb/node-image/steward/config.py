"""cassandra.yaml, as it follows from the node's description."""

from typing import Any

from . import paths
from .description import Node
from .entry import Entry

CQL = 9042
STORAGE = 7000


def server_config(node: Node, entry: Entry) -> dict[str, Any]:
    return {
        "cluster_name": node.scope,
        "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
        # One token a node, evenly apart: nodes of a new ring may start at the same time, and all agree on it.
        "num_tokens": 1,
        "initial_token": str(token(node.ordinal, len(node.members))),
        "auto_bootstrap": entry.streams,
        "endpoint_snitch": "SimpleSnitch",
        "seed_provider": [
            {
                "class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
                # Every member, so that any of them can be the first to come back. A seed streams nothing, so a
                # node that has to is none.
                "parameters": [
                    {"seeds": ",".join(node.others if entry.streams else node.members.values())}
                ],
            }
        ],
        "listen_address": node.address,
        "storage_port": STORAGE,
        "rpc_address": node.address,
        "native_transport_port": CQL,
        "start_native_transport": True,
        "authenticator": "PasswordAuthenticator",
        "authorizer": "CassandraAuthorizer",
        "role_manager": "CassandraRoleManager",
        # The roles are on every node: whichever is left lets its clients in.
        "auth_read_consistency_level": "LOCAL_ONE",
        "server_encryption_options": peer_encryption(),
        "data_file_directories": [paths.DATA],
        "commitlog_directory": f"{paths.STATE}/commitlog",
        "saved_caches_directory": f"{paths.STATE}/saved_caches",
        "hints_directory": f"{paths.STATE}/hints",
        "cdc_raw_directory": f"{paths.STATE}/cdc",
        "commitlog_sync": "periodic",
        "commitlog_sync_period": "1000ms",
        "commitlog_segment_size": "8MiB",
        "commitlog_disk_access_mode": "legacy",
        "memtable_allocation_type": "heap_buffers",
        "networking_cache_size": "16MiB",
        "file_cache_size": "32MiB",
        "concurrent_reads": 8,
        "concurrent_writes": 8,
        # A snapshot of every dropped table would fill the volume unseen.
        "auto_snapshot": False,
    }


def peer_encryption() -> dict[str, Any]:
    """Nodes show each other certificates of the deployment's authority, which name their addresses."""
    return {
        "internode_encryption": "all",
        "require_client_auth": True,
        "require_endpoint_verification": True,
        "ssl_context_factory": {
            "class_name": "org.apache.cassandra.security.PEMBasedSslContextFactory"
        },
        "keystore": paths.PEER,
        "keystore_password": "",
        "truststore": paths.CA,
    }


def token(ordinal: int, nodes: int) -> int:
    """Where a node begins on Murmur3's ring, which goes from -2^63 to 2^63 - 1."""
    return -(2**63) + ordinal * (2**64 // nodes)
