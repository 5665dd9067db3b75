#!/usr/bin/env bash
# Guess: libpq given several hosts goes on to the next one when the first is full (SQLSTATE 53300, too many clients), as it does when
# the first is starting up (57P03). What the manual names as the end of the search is a failed authentication.
# What happens: a full host ends the attempt, with TLS and without; the next one isn't asked.
# Version: libpq 18.6 of psycopg-binary 3.3.9. Source: fe-connect.c, which compares with ERRCODE_CANNOT_CONNECT_NOW only.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check psycopg==3.3.9 psycopg-binary==3.3.9
cd "$folder"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "/CN=localhost" \
  -keyout key.pem -out cert.pem 2> openssl.log || { cat openssl.log; exit 1; }
cat > try.py <<'PY'
import multiprocessing, os, socket, ssl, struct, sys

for name in [each for each in os.environ if each.startswith("PG")]:
    del os.environ[name]
os.environ["HOME"] = os.getcwd()

from psycopg import pq

SSL_REQUEST = 80877103
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")

def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body

def refusal(code, text):
    fields = (("S", "FATAL"), ("V", "FATAL"), ("C", code), ("M", text))
    return message(b"E", b"".join(f"{name}{value}\0".encode() for name, value in fields) + b"\0")

# AuthenticationOk, ParameterStatus, BackendKeyData, ReadyForQuery.
WELCOME = (
    message(b"R", struct.pack("!i", 0)) + message(b"S", b"server_version\x0018.0\0")
    + message(b"K", struct.pack("!ii", 1, 2)) + message(b"Z", b"I")
)

def exactly(peer, size):
    data = b""
    while len(data) < size:
        more = peer.recv(size - len(data))
        if not more:
            raise ConnectionError("closed early")
        data += more
    return data

def serve(listener, answer):
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        try:
            peer.settimeout(10)
            length, code = struct.unpack("!ii", exactly(peer, 8))
            if code == SSL_REQUEST:
                peer.sendall(b"S")
                peer = context.wrap_socket(peer, server_side=True)
                length, code = struct.unpack("!ii", exactly(peer, 8))
            exactly(peer, length - 8)
            peer.sendall(answer)
            peer.recv(1)  # until the client goes
        except OSError as error:
            print("server:", error)
        finally:
            peer.close()

def server(answer):
    listener = socket.create_server(("127.0.0.1", 0))
    # A process of its own: PQconnectdb keeps Python's lock until it is done.
    multiprocessing.get_context("fork").Process(target=serve, args=(listener, answer), daemon=True).start()
    return listener.getsockname()[1]

second = server(WELCOME)
number = pq.version()
print(f"libpq {number // 10000}.{number % 10000} ({pq.__impl__})")

# PQconnectdb itself: psycopg.connect() would hand libpq one host at a time.
def connect(code, text, sslmode):
    hosts = f"127.0.0.1:{server(refusal(code, text))},127.0.0.1:{second}"
    connection = pq.PGconn.connect(f"postgresql://u@{hosts}/d?sslmode={sslmode}&gssencmode=disable&connect_timeout=10".encode())
    ok = connection.status == pq.ConnStatus.OK and int(connection.port) == second
    result = "connected to the second host" if ok else f"failed: {connection.get_error_message().strip().split('FATAL:')[-1].strip()}"
    print(f"first host answers {code}, sslmode={sslmode}: {result}")
    connection.finish()
    return result

seen = {
    (code, sslmode): connect(code, text, sslmode)
    for code, text in (("57P03", "the database system is starting up"), ("53300", "sorry, too many clients already"))
    for sslmode in ("disable", "require")
}
expected = {"57P03": "connected to the second host", "53300": "failed: sorry, too many clients already"}
sys.exit(0 if all(result == expected[code] for (code, _), result in seen.items()) else 1)
PY
timeout 60 "$python" try.py
