"""JSON over mutual TLS with the peer certificate: how etcd's gateway and Patroni's REST API are asked."""

import base64
import http.client
import json
import ssl
from typing import Any

from . import paths


class PeerError(Exception):
    """No usable answer: unreachable, too slow, or refused. `status` is 0 when nothing was answered."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


def ask(
    address: str,
    port: int,
    method: str,
    path: str,
    body: Any = None,
    timeout: float = 2.0,
    token: str | None = None,
    login: tuple[str, str] | None = None,
) -> Any:
    """Returns the decoded answer of a 200. `timeout` (s) bounds each step on the socket."""
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = token
    if login is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(login).encode()).decode()
    what = f"{method} https://{address}:{port}{path}"
    try:
        connection = http.client.HTTPSConnection(address, port, timeout=timeout, context=_context())
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise PeerError(f"{what}: {error}") from error
    if response.status != 200:
        raise PeerError(f"{what}: {response.status} {text.strip()}", response.status)
    try:
        return json.loads(text)
    except ValueError as error:
        raise PeerError(f"{what}: the answer is no JSON", response.status) from error


def _context() -> ssl.SSLContext:
    # Made anew for each call, so that replaced certificates are used at once.
    context = ssl.create_default_context(cafile=paths.CA)
    context.load_cert_chain(paths.PEER_CERT, paths.PEER_KEY)
    return context
