"""Asks the other nodes' stewards."""

import http.client
import json
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Callable, Mapping, TypeVar

from . import paths
from .description import Node
from .election import Report


Answer = TypeVar("Answer")


class PeerError(Exception):
    """No usable answer."""


def reports_of(node: Node) -> dict[str, Report]:
    """What those say that answer in time."""
    return _from_others(node, _report)


def views_of(node: Node) -> dict[str, list[str]]:
    """Which members the others see in their group: none where they are in none. Of those that answer in time."""
    return _from_others(node, _view)


def _from_others(node: Node, ask: Callable[[str, str], Answer | None]) -> dict[str, Answer]:
    """Asks them all at once, by name and address."""
    others = {name: address for name, address in node.members.items() if name != node.name}
    if not others:
        return {}
    with ThreadPoolExecutor(len(others)) as pool:
        found = pool.map(ask, others, others.values())
    return {name: answer for name, answer in zip(others, found) if answer is not None}


def promises_of(node: Node, voters: frozenset[str], gtids: str) -> set[str]:
    """Who of the others has given its promise."""
    others = {n: node.members[n] for n in voters if n != node.name}
    body = {"candidate": node.name, "gtids": gtids}

    def ask_one(name: str) -> bool:
        try:
            return bool(_ask(name, others[name], "POST", "/promise", body)["given"])
        except (PeerError, KeyError):
            return False

    if not others:
        return set()
    with ThreadPoolExecutor(len(others)) as pool:
        return {name for name, given in zip(others, pool.map(ask_one, others)) if given}


def withdraw_from(node: Node, given: set[str]) -> None:
    """Their promises are not needed. One that doesn't hear of it keeps its own until it ends."""
    for name in given:
        with suppress(PeerError):
            _ask(name, node.members[name], "POST", "/promise", {"candidate": node.name, "withdraw": True})


def hand_over_by(node: Node, leader: str, wanted: str | None) -> str:
    """Asks the leader's steward to hand over. Returns who leads then."""
    said = _ask(leader, node.members[leader], "POST", "/handover", {"to": wanted}, timeout=70)
    if "leads" not in said:
        raise PeerError(str(said.get("why")))
    return str(said["leads"])


def _report(name: str, address: str) -> Report | None:
    try:
        return Report(**_ask(name, address, "GET", "/report"))
    except (PeerError, TypeError):
        return None


def _view(name: str, address: str) -> list[str] | None:
    try:
        return [str(member) for member in _ask(name, address, "GET", "/view")["members"]]
    except (PeerError, KeyError, TypeError):
        return None


def _ask(
    name: str, address: str, method: str, path: str, body: Any = None, timeout: float = 2
) -> Mapping[str, Any]:
    try:
        connection = _Connection(name, address, timeout)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise PeerError(f"{name}: {response.status}")
        return json.loads(text)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise PeerError(f"{name}: {error}") from error


class _Connection(http.client.HTTPSConnection):
    """To an address, of which the certificate must carry the node's name."""

    def __init__(self, name: str, address: str, timeout: float) -> None:
        # Made anew for each call, so that replaced certificates are used at once.
        context = ssl.create_default_context(cafile=paths.CA)
        context.load_cert_chain(paths.PEER_CERT, paths.PEER_KEY)
        super().__init__(address, paths.STEWARD_PORT, timeout=timeout, context=context)
        self._name = name
        self._tls = context

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)
