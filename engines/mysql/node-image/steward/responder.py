"""What this node's steward answers to the other stewards, and to HAProxy: over TLS, both sides with a peer certificate."""

import json
import ssl
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Mapping, Protocol, Sequence

from portico_node import log

from . import paths

LONGEST_BODY = 1024 * 1024
QUIET = 60
"""Seconds between two alarms: HAProxy asks every second."""


class Answers(Protocol):
    def report(self) -> Mapping[str, Any]: ...

    def view(self) -> Sequence[str]:
        """Addresses of the members in the node's view of the group; none while it is in none."""

    def promise(self, address: str, asked: Mapping[str, Any]) -> bool: ...

    def hand_over(self, address: str, asked: Mapping[str, Any]) -> Mapping[str, Any]: ...

    def serves(self, role: str) -> bool:
        """Whether the node may be sent such clients: `primary`, or `replica`. By a fresh look alone."""


class Responder:
    def __init__(self, answers: Answers) -> None:
        self._server = _Server(_context(), lambda *args: _Handler(answers, *args))

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def reload(self) -> None:
        """From the next handshake on. Raises where the two files don't fit."""
        self._server.context = _context()


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(paths.CA)
    context.load_cert_chain(paths.PEER_CERT, paths.PEER_KEY)
    return context


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext, handler: Callable[..., Any]) -> None:
        super().__init__(("", paths.STEWARD_PORT), handler)  # type: ignore[arg-type]
        self.context = context
        self._alarm_due = time.monotonic()

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        connection, address = self.socket.accept()
        connection.settimeout(3)
        # The handshake is the thread's: a peer that says nothing must not keep the others waiting.
        wrapped = self.context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        )
        return wrapped, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that leaves early, or shows no certificate, is no news. Anything else is a fault of ours."""
        error = sys.exception()
        if isinstance(error, OSError) or time.monotonic() < self._alarm_due:
            return
        self._alarm_due = time.monotonic() + QUIET
        log.error(f"the steward gives {client_address[0]} no answer: {error!r}", alarm=True, trace=traceback.format_exc())


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, answers: Answers, *args: Any) -> None:
        self._answers = answers
        super().__init__(*args)

    def do_GET(self) -> None:
        if self.path == "/report":
            self._say(200, self._answers.report())
        elif self.path == "/view":
            self._say(200, {"members": self._answers.view()})
        elif self.path in ("/primary", "/replica"):
            role = self.path[1:]
            self._say(200 if self._answers.serves(role) else 503, {"role": role})
        else:
            self._say(404, {})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.path not in ("/promise", "/handover") or not 0 < length <= LONGEST_BODY:
            self._say(404, {})
            return
        try:
            asked = json.loads(self.rfile.read(length))
        except ValueError:
            self._say(400, {})
            return
        address = self.client_address[0]
        if self.path == "/promise":
            self._say(200, {"given": self._answers.promise(address, asked)})
        else:
            self._say(200, self._answers.hand_over(address, asked))

    def log_message(self, format: str, *args: Any) -> None:
        """HAProxy asks every second."""

    def _say(self, status: int, body: Mapping[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
