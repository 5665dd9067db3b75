"""Who may do what in etcd: root everything, Patroni its tree, portals read their scope.

Every step may have been done before, by this node or another one at this moment: all of them do it.
"""

import base64
from typing import Any

from .description import Node, Secrets
from .etcd_api import LOCAL, EtcdError, authenticate, call


def ensure_access(node: Node, secrets: Secrets) -> None:
    """Returns once authentication is on and Patroni's and the portals' passwords are the described ones."""
    passwords = {"patroni": secrets.etcdPatroni, "portal": secrets.etcdPortal}
    if _all_accepted(passwords):
        return
    try:
        _establish(node, secrets.etcdRoot, passwords)
    except EtcdError as error:
        # Another node may have switched authentication on between two of these steps.
        if "user name is empty" not in str(error) or not _all_accepted(passwords):
            raise


def _establish(node: Node, root: str, passwords: dict[str, str]) -> None:
    token = authenticate(LOCAL, "root", root)
    roles = {
        "patroni": _permission("/service/", "READWRITE"),
        "portal": _permission(f"/service/{node.scope}/", "READ"),
    }
    for user, password in [("root", root), *passwords.items()]:
        _once("/v3/auth/user/add", {"name": user, "password": password}, token)
        _once("/v3/auth/role/add", {"name": user}, token)
        if user in roles:
            call(LOCAL, "/v3/auth/role/grant", {"name": user, "perm": roles[user]}, token)
        _once("/v3/auth/user/grant", {"user": user, "role": user}, token)
    if token is None:
        call(LOCAL, "/v3/auth/enable", {})
    else:
        for user, password in passwords.items():
            call(LOCAL, "/v3/auth/user/changepw", {"name": user, "password": password}, token)


def _all_accepted(passwords: dict[str, str]) -> bool:
    return all(_accepts(user, password) for user, password in passwords.items())


def _accepts(user: str, password: str) -> bool:
    try:
        return authenticate(LOCAL, user, password) is not None
    except EtcdError as error:
        if "invalid user ID or password" in str(error):
            return False
        raise


def _once(path: str, body: Any, token: str | None) -> None:
    try:
        call(LOCAL, path, body, token)
    except EtcdError as error:
        if "already" not in str(error):
            raise


def _permission(prefix: str, kind: str) -> dict[str, str]:
    """All keys that begin with `prefix`: in etcd, the range up to the prefix with its last byte raised."""
    key = prefix.encode()
    end = key[:-1] + bytes([key[-1] + 1])
    return {
        "permType": kind,
        "key": base64.b64encode(key).decode(),
        "range_end": base64.b64encode(end).decode(),
    }
