"""The few calls that are needed of etcd's JSON gateway."""

from typing import Any

from .peer_http import PeerError, ask

EtcdError = PeerError

LOCAL = "127.0.0.1"
"""This node's own etcd."""


def call(address: str, path: str, body: Any, token: str | None = None) -> Any:
    return ask(address, 2379, "POST", path, body, token=token)


def authenticate(address: str, user: str, password: str) -> str | None:
    """The user's token, or None while authentication is off."""
    try:
        return call(address, "/v3/auth/authenticate", {"name": user, "password": password})["token"]
    except EtcdError as error:
        if "authentication is not enabled" in str(error):
            return None
        raise


def is_healthy(address: str) -> bool:
    """Whether this member answers and its cluster has a quorum."""
    try:
        return ask(address, 2379, "GET", "/health").get("health") == "true"
    except EtcdError:
        return False
