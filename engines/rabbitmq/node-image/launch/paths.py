"""Where things are in the container."""

NODE = "/etc/portico/node"
CA = f"{NODE}/ca.crt"
PEER_CERT = f"{NODE}/peer.crt"
PEER_KEY = f"{NODE}/peer.key"

RUN = "/run/portico"
CONFIG = f"{RUN}/rabbitmq.conf"
ADVANCED_CONFIG = f"{RUN}/advanced.config"
DEFINITIONS = f"{RUN}/definitions.json"
HOSTS = f"{RUN}/inetrc"
DIST_TLS = f"{RUN}/dist-tls.config"
COOKIE = f"{RUN}/.erlang.cookie"
ENVIRONMENT = f"{RUN}/environment"

STATE = "/var/lib/portico/rabbitmq"
LOCK = f"{STATE}/.lock"
DATA = f"{STATE}/data"

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl"
