"""elasticsearch.yml, jvm.options and the log's settings, as texts. Pure."""

import json

from . import paths
from .description import Node

# Of the container's memory: Java itself and Lucene's files take as much again.
HEAP_SHARE = 0.3
# Elasticsearch doesn't start on a network where it may have fewer descriptors.
DESCRIPTORS = 65_535


def elasticsearch_yml(node: Node) -> str:
    settings = {
        # A portal asks for it, and takes no other cluster for this one.
        "cluster.name": node.scope,
        "node.name": node.name,
        "network.host": [node.address, "_local_"],
        "network.publish_host": node.address,
        "path.data": paths.DATA,
        "path.logs": paths.LOGS,
        "discovery.seed_hosts": sorted(node.members.values()),
        # Counts only where there is no cluster yet.
        "cluster.initial_master_nodes": sorted(node.members),
        # A frozen or lost node is out of the cluster after 3 to 6 s instead of 30: clients wait for its shards.
        "cluster.fault_detection.follower_check.interval": "1s",
        "cluster.fault_detection.follower_check.timeout": "2s",
        "cluster.fault_detection.follower_check.retry_count": 2,
        "cluster.fault_detection.leader_check.interval": "1s",
        "cluster.fault_detection.leader_check.timeout": "2s",
        "cluster.fault_detection.leader_check.retry_count": 2,
        # Maps would need more of them than a machine allows unless its administrator changes that.
        "node.store.allow_mmap": False,
        "action.auto_create_index": True,
        "cluster.routing.allocation.disk.watermark.low": "1gb",
        "cluster.routing.allocation.disk.watermark.high": "500mb",
        "cluster.routing.allocation.disk.watermark.flood_stage": "250mb",
        "xpack.security.enabled": True,
        "xpack.security.transport.ssl.enabled": True,
        "xpack.security.transport.ssl.verification_mode": "full",
        "xpack.security.transport.ssl.client_authentication": "required",
        "xpack.security.transport.ssl.supported_protocols": ["TLSv1.3", "TLSv1.2"],
        "xpack.security.transport.ssl.key": paths.PEER_KEY,
        "xpack.security.transport.ssl.certificate": paths.PEER_CERT,
        "xpack.security.transport.ssl.certificate_authorities": [paths.CA],
        # The only user is the deployment's, in a file.
        "xpack.security.authc.reserved_realm.enabled": False,
        # Portals ask for the cluster's health without a password. Nobody sees anything else so.
        "xpack.security.authc.anonymous.username": "portal",
        "xpack.security.authc.anonymous.roles": ["health"],
        "xpack.security.authc.anonymous.authz_exception": False,
    }
    # JSON is YAML.
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())


def jvm_options(node: Node, descriptors: int) -> str:
    heap = int(node.memory * HEAP_SHARE)
    options = [
        f"-Xms{heap}m",
        f"-Xmx{heap}m",
        "-XX:+UseSerialGC" if heap < 1024 else "-XX:+UseG1GC",
        "-XX:+ExitOnOutOfMemoryError",
        f"-Djava.io.tmpdir={paths.TEMPORARY}",
        f"-Djna.tmpdir={paths.TEMPORARY}",
        "-Djava.security.manager=allow",
        "-Dlog4j2.formatMsgNoLookups=true",
    ]
    if descriptors < DESCRIPTORS:
        # A machine that allows fewer is a small one. Java without this module doesn't know the limit, and is let alone.
        options.append("--limit-modules=java.se,jdk.unsupported,jdk.crypto.ec,jdk.zipfs,jdk.net")
    return "\n".join(options) + "\n"


def log4j2_properties() -> str:
    layout = (
        '{"level":"%p","time":"%d{yyyy-MM-dd\'T\'HH:mm:ss.SSSZ}","service":"%c{1.}",'
        '"msg":"%enc{%.-4000m}{JSON}","error":"%enc{%throwable{3}}{JSON}"}%n'
    )
    lines = [
        "status = error",
        "appender.console.type = Console",
        "appender.console.name = console",
        "appender.console.layout.type = PatternLayout",
        f"appender.console.layout.alwaysWriteExceptions = false",
        f"appender.console.layout.pattern = {layout}",
        "rootLogger.level = info",
        "rootLogger.appenderRef.console.ref = console",
        # Each start would list the ciphers that this Java no longer has.
        "logger.ciphers.name = org.elasticsearch.xpack.core.ssl.SSLService",
        "logger.ciphers.level = fatal",
        "logger.probe.name = org.elasticsearch.monitor.os.OsProbe",
        "logger.probe.level = error",
    ]
    return "\n".join(lines) + "\n"
