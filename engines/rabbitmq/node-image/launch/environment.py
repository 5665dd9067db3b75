"""What RabbitMQ and its tools take from their environment. Pure."""

import shlex
from typing import Mapping

from . import paths
from .config import erlang_name
from .description import Node

# All that 4.0 has of its own accord, and Khepri. Only a node without data asks for it.
FLAGS = (
    "khepri_db",
    "message_containers_deaths_v2",
    "quorum_queue_non_voters",
    "rabbit_exchange_type_local_random",
    "rabbitmq_4.0.0",
)

TLS = f"-proto_dist inet_tls -ssl_dist_optfile {paths.DIST_TLS}"
# Idle schedulers sleep at once: several nodes share a machine.
SLEEP = "+sbwt none +sbwtdcpu none +sbwtdio none"


def environment(node: Node) -> Mapping[str, str]:
    return {
        "ERL_INETRC": paths.HOSTS,
        "ERL_EPMD_ADDRESS": node.address,
        "LANG": "C.UTF-8",
        "RABBITMQ_ADVANCED_CONFIG_FILE": paths.ADVANCED_CONFIG,
        "RABBITMQ_CONFIG_FILE": paths.CONFIG,
        "RABBITMQ_CTL_ERL_ARGS": TLS,
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{paths.RUN}/enabled_plugins",
        "RABBITMQ_FEATURE_FLAGS": ",".join(FLAGS),
        "RABBITMQ_GENERATED_CONFIG_DIR": f"{paths.RUN}/generated",
        "RABBITMQ_MNESIA_BASE": paths.STATE,
        "RABBITMQ_MNESIA_DIR": paths.DATA,
        "RABBITMQ_NODENAME": erlang_name(node.name),
        "RABBITMQ_PID_FILE": f"{paths.RUN}/rabbitmq.pid",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{TLS} {SLEEP}",
    }


def as_shell(variables: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
