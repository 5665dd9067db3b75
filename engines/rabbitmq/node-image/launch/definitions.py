"""The user, its virtual host and its rights, as RabbitMQ imports them at every start. Pure."""

import base64
import hashlib
import json

from .description import Node, Secrets


def definitions(node: Node, secrets: Secrets) -> str:
    return json.dumps(
        {
            "users": [
                {
                    "name": node.user,
                    "password_hash": password_hash(node.user, secrets.app),
                    "hashing_algorithm": "rabbit_password_hashing_sha256",
                    "tags": [],
                }
            ],
            "vhosts": [{"name": node.database, "default_queue_type": "quorum"}],
            "permissions": [
                {
                    "user": node.user,
                    "vhost": node.database,
                    "configure": ".*",
                    "write": ".*",
                    "read": ".*",
                }
            ],
        },
        indent=2,
    )


def password_hash(user: str, password: str) -> str:
    """Salt and SHA-256, as RabbitMQ stores them. The same on every node, so that no import changes what another one did."""
    salt = hashlib.sha256(f"{user}\0{password}".encode()).digest()[:4]
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
