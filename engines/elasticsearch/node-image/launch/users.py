"""The deployment's user, and what it may do, as Elasticsearch reads them from files. Pure."""

import base64
import hashlib

from .description import Node, Secrets

ROUNDS = 10_000

# All of the data, and what it is described by; nothing of the cluster itself: no settings, no nodes, no voting, no snapshots into a
# repository, no licence, no users. `health`: what a portal sees without a password.
ROLES = """\
app:
  cluster:
    - monitor
    - manage_enrich
    - manage_ilm
    - manage_index_templates
    - manage_ingest_pipelines
    - manage_transform
    - "cluster:admin/script/*"
    - "cluster:admin/tasks/cancel"
  indices:
    - names: [ "*" ]
      privileges: [ "all" ]
health:
  cluster: [ "cluster:monitor/health" ]
"""


def users(node: Node, secrets: Secrets) -> str:
    return f"{node.user}:{password_hash(node.user, secrets.app)}\n"


def users_roles(node: Node) -> str:
    return f"app:{node.user}\n"


def password_hash(user: str, password: str) -> str:
    salt = hashlib.sha256(f"{user}\0{password}".encode()).digest()
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS, 32)
    first, second = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{{PBKDF2}}{ROUNDS}${first}${second}"
