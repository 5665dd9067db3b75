"""Gives the running server the passwords that are described. It is owed until the server shows that it has them all."""

import hashlib
import json
import time
from dataclasses import asdict, replace

import redis

from portico_node import files, log

from . import paths
from .description import Node, Secrets
from .peers import SERVER, client

PATIENCE = 2
"""Seconds for an answer."""
PAUSE = 1
"""Seconds between two tries."""


class Passwords:
    def __init__(self) -> None:
        self._in_force = _kept()
        self._tried_at = -float(PAUSE)
        self._why: str | None = "the server doesn't have its passwords yet"

    def differ(self, secrets: Secrets) -> bool:
        """Whether the server has others, as far as is known. The application's aside, which Sentinel doesn't need."""
        return self._in_force is not None and replace(self._in_force, app=secrets.app) != secrets

    def give(self, node: Node, secrets: Secrets) -> str | None:
        """Why the server doesn't have them, or nothing."""
        if self._in_force == secrets:
            return None
        if time.monotonic() - self._tried_at < PAUSE:
            return self._why
        self._tried_at = time.monotonic()
        self._why = self._try(node, secrets)
        if self._why is None:
            # The old ones are needed to give the new ones, by whoever is steward then: they are forgotten only now.
            files.write(paths.IN_FORCE, json.dumps(asdict(secrets)))
            self._in_force = secrets
        return self._why

    def _try(self, node: Node, secrets: Secrets) -> str | None:
        why = _missing(node, secrets)
        if why is None:
            return None
        for known in (secrets, self._in_force):
            if known is not None:
                why = _load(node, known, secrets) or why
        return _missing(node, secrets) and f"the server doesn't have its passwords yet: {why}"


def _missing(node: Node, secrets: Secrets) -> str | None:
    """Asked by a new login: what isn't in force, or nothing."""
    users = {node.user: secrets.app, "replication": secrets.replication, "sentinel": secrets.sentinel}
    try:
        with client(node.address, SERVER, secrets, PATIENCE) as own:
            for user, password in users.items():
                known = own.acl_getuser(user) or {}
                if hashlib.sha256(password.encode()).hexdigest() not in known.get("passwords", []):
                    return f"{user} has another password"
            if own.config_get("masterauth") != {"masterauth": secrets.replication}:
                return "replication uses another password"
    except (redis.RedisError, OSError) as error:
        return str(error)
    return None


def _load(node: Node, known: Secrets, secrets: Secrets) -> str | None:
    try:
        with client(node.address, SERVER, known, PATIENCE) as own:
            own.execute_command("CONFIG", "SET", "masterauth", secrets.replication)
            own.execute_command("ACL", "LOAD")
    except (redis.RedisError, OSError) as error:
        return str(error)
    return None


def _kept() -> Secrets | None:
    try:
        raw = files.read(paths.IN_FORCE)
        return Secrets(**json.loads(raw)) if raw else None
    except (OSError, ValueError, TypeError) as error:
        log.warn(f"{paths.IN_FORCE}, the passwords that the server had, can't be read: {error}")
        return None
