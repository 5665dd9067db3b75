"""How the server is started: the Java machine's options."""

import glob

from . import paths
from .description import Node
from .entry import Entry

JMX = 7199

OPENED = (
    "java.io java.lang java.lang.module java.lang.reflect java.net java.nio java.util java.util.concurrent"
    " java.util.concurrent.atomic jdk.internal.loader jdk.internal.math jdk.internal.misc jdk.internal.module"
    " jdk.internal.ref jdk.internal.reflect jdk.internal.util sun.nio.ch"
)
EXPORTED = (
    "java.rmi/sun.rmi.registry java.rmi/sun.rmi.server java.rmi/sun.rmi.transport.tcp java.sql/java.sql"
    " java.management.rmi/com.sun.jmx.remote.internal.rmi jdk.unsupported/sun.misc jdk.attach/sun.tools.attach"
)

SMALL = 4096
"""MiB of a container below which memory matters more than peak speed."""


def server_command(node: Node, entry: Entry) -> list[str]:
    (agent,) = glob.glob(f"{paths.LIB}/jamm-*.jar")
    properties = {
        "java.security.manager": "allow",
        "java.io.tmpdir": paths.SCRATCH,
        "jna.tmpdir": paths.SCRATCH,
        "jdk.attach.allowAttachSelf": "true",
        "logback.configurationFile": f"file://{paths.LOGBACK}",
        "cassandra.config": f"file://{paths.CONFIG}",
        "cassandra.storagedir": paths.STATE,
        "cassandra.jmx.local.port": str(JMX),
        "cassandra-foreground": "yes",
        # Waits that are meant for rings of hundreds of nodes.
        "cassandra.ring_delay_ms": "5000",
        "cassandra.broadcast_interval_ms": "5000",
        "cassandra.skip_wait_for_gossip_to_settle": "0",
        "cassandra.superuser_setup_delay_ms": "0",
        # Two new nodes may come in at the same time.
        "cassandra.consistent.rangemovement": "false",
    }
    if entry.kind == "replace":
        properties["cassandra.replace_address_first_boot"] = node.address
    return [
        "java",
        *memory(node.memory),
        f"-javaagent:{agent}",
        *modules(),
        *(f"-D{name}={value}" for name, value in properties.items()),
        "-cp",
        f"{paths.LIB}/*",
        "org.apache.cassandra.service.CassandraDaemon",
    ]


def memory(limit: int) -> list[str]:
    """`limit`: what the container may use, in MiB. Hints alone take two direct buffers of 32 MiB, the network 64."""
    heap = min(limit * 2 // 5, 16 * 1024)
    small = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss256k", "-XX:ReservedCodeCacheSize=48m"]
    return [
        f"-Xms{heap}m",
        f"-Xmx{heap}m",
        f"-XX:MaxDirectMemorySize={max(160, limit // 10)}m",
        "-XX:+ExitOnOutOfMemoryError",
        *(small if limit < SMALL else ["-XX:+UseG1GC"]),
    ]


def modules() -> list[str]:
    """What Cassandra reaches into."""
    opened = [
        f"--add-{way}=java.base/{package}=ALL-UNNAMED"
        for package in OPENED.split()
        for way in ("opens", "exports")
    ]
    exported = [f"--add-exports={package}=ALL-UNNAMED" for package in EXPORTED.split()]
    return [*opened, *exported, "--add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED"]
