"""rabbitmq.conf, and what Erlang itself reads, as texts. Pure."""

from . import paths
from .description import Node

MIB = 2**20


def rabbitmq_conf(node: Node) -> str:
    members = sorted(node.members)
    lines = [
        "listeners.tcp.clients = 0.0.0.0:5672",
        # Ranch, which listens for RabbitMQ, cuts a client that takes nothing for 30 s. Who is gone is found by keepalives, by heartbeats,
        # and by the container's tcp_retries2.
        "tcp_listen_options.send_timeout = 86400000",
        "tcp_listen_options.keepalive = true",
        # Its own, which the two above would replace.
        "tcp_listen_options.backlog = 128",
        "tcp_listen_options.nodelay = true",
        "tcp_listen_options.exit_on_close = false",
        "tcp_listen_options.linger.on = true",
        "tcp_listen_options.linger.timeout = 0",
        # A portal asks for it, and takes no other cluster for this one.
        f"cluster_name = {node.scope}",
        "cluster_formation.peer_discovery_backend = classic_config",
        *(
            f"cluster_formation.classic_config.nodes.{number} = {erlang_name(member)}"
            for number, member in enumerate(members, 1)
        ),
        # Three tries would be over before a slow machine has its three nodes up.
        "cluster_formation.discovery_retry_limit = 120",
        "cluster_formation.discovery_retry_interval = 1000",
        "default_queue_type = quorum",
        # A frozen node is out of the cluster after this many seconds (a quarter more at most), not after a minute.
        "net_ticktime = 8",
        f"load_definitions = {paths.DEFINITIONS}",
        # Clients come from the portals, never from loopback; nobody is anybody without a password.
        "loopback_users = none",
        "anonymous_login_user = none",
        "auth_mechanisms.1 = PLAIN",
        "auth_mechanisms.2 = AMQPLAIN",
        # The container's limit, not the machine's memory.
        f"total_memory_available_override_value = {node.memory * MIB}",
        "vm_memory_high_watermark.relative = 0.6",
        f"disk_free_limit.absolute = {node.memory * MIB}",
        "log.console = true",
        "log.console.level = info",
        "log.console.formatter = json",
        "log.file = false",
        # Portals ask every node four times a second: RabbitMQ would log each coming and each going.
        "log.connection.level = error",
    ]
    return "\n".join(lines) + "\n"


def advanced_config(node: Node) -> str:
    """What rabbitmq.conf has no key for: every client, however many portals lie between, is told which node it is on."""
    return f'[{{rabbit, [{{server_properties, [{{<<"node">>, longstr, <<"{node.name}">>}}]}}]}}].\n'


def erlang_name(member: str) -> str:
    return f"rabbit@{member}"


def hosts(node: Node) -> str:
    """An inetrc: Erlang finds the members by this file alone. /etc/hosts can't be written, and there is no DNS."""
    lines = [
        "{lookup, [file]}.",
        '{hosts_file, ""}.',
        '{resolv_conf, ""}.',
        '{host, {127,0,0,1}, ["localhost"]}.',
        *(
            f'{{host, {{{address.replace(".", ",")}}}, ["{name}"]}}.'
            for name, address in sorted(node.members.items())
        ),
    ]
    return "\n".join(lines) + "\n"


def dist_tls() -> str:
    """Nodes talk to each other over TLS only, and each verifies the other."""
    both = ", ".join(
        [
            f'{{cacertfile, "{paths.CA}"}}',
            f'{{certfile, "{paths.PEER_CERT}"}}',
            f'{{keyfile, "{paths.PEER_KEY}"}}',
            "{verify, verify_peer}",
            "{versions, ['tlsv1.3']}",
        ]
    )
    return f"[{{server, [{both}, {{fail_if_no_peer_cert, true}}]}},\n {{client, [{both}]}}].\n"
