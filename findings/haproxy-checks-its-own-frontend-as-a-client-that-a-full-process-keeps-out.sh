#!/usr/bin/env bash
# Guess: HAProxy's own health checks go around its connection limits, so that a check which asks a frontend of the same process (for an answer
# that is made of several servers' states, say) works however many clients there are.
# What happens: to that frontend the check is a client like any other. Once clients have all the connections of the process (maxconn, or
# what its file descriptors allow), the check is not accepted, times out, and the server goes down. With `on-marked-down shutdown-sessions` the
# sessions of a healthy server are cut because the process is full. Public frontends whose maxconn together stays below the process's don't
# have it.
# Version: HAProxy 3.0.11 of Debian 13. Source: the configuration manual says of global maxconn that runtime sockets have a limit of their own,
# and nothing of checks; seen in a portal that ran out of descriptors.
set -euo pipefail
version=3.0.11-1+deb13u4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p apt/lists/partial apt/archives/partial
touch apt/status
for suite in "debian trixie" "debian-security trixie-security"; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/$suite main" >> apt/sources.list
done
options=(-o Dir::Etc::SourceList="$folder/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$folder/apt/lists"
  -o Dir::Cache="$folder/apt" -o Dir::State::Status="$folder/apt/status" -o Acquire::Languages=none -o APT::Sandbox::User=root)
{ apt-get "${options[@]}" update && apt-get "${options[@]}" -y --no-install-recommends --download-only install "haproxy=$version"; } > apt.log 2>&1 \
  || { cat apt.log; exit 1; }
for package in apt/archives/*.deb; do dpkg-deb -x "$package" root; done
cat > try.py <<'PY'
import os, socket, subprocess, sys, threading, time

libraries = ":".join({os.path.dirname(os.path.join(at, name)) for at, _, names in os.walk("root") for name in names if ".so" in name})
haproxy = ["root/usr/lib64/ld-linux-x86-64.so.2", "--library-path", libraries, "root/usr/sbin/haproxy"]
ALL, SERVED, COMING = 20, 5, 40

# A server that is well all the time: it greets, and keeps what comes.
node = socket.create_server(("127.0.0.1", 0), backlog=100)
kept = []
def serve():
    while True:
        one, _ = node.accept()
        one.sendall(b"hello")
        kept.append(one)
threading.Thread(target=serve, daemon=True).start()

def config(port, public):
    return f"""global
 maxconn {ALL}
 nbthread 1
defaults
 mode tcp
 timeout connect 1s
 timeout client 1m
 timeout server 1m
frontend answers
 mode http
 bind unix@answers
 http-request return status 200
frontend public
 maxconn {public}
 bind 127.0.0.1:{port} backlog 100
 default_backend servers
backend servers
 option httpchk
 http-check connect addr unix@answers
 timeout check 500ms
 server s 127.0.0.1:{node.getsockname()[1]} check inter 250ms fall 2 on-marked-down shutdown-sessions
"""

def is_open(client):
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False

def connect(port):
    for _ in range(100):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=2)
        except ConnectionRefusedError:
            time.sleep(0.05)
    sys.exit("HAProxy doesn't listen")

# Of the sessions that were there before the others came: how many are left after them.
def left(public):
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    with open("haproxy.cfg", "w") as file:
        file.write(config(port, public))
    process = subprocess.Popen([*haproxy, "-db", "-f", "haproxy.cfg"], stderr=subprocess.DEVNULL)
    try:
        served = [connect(port) for _ in range(SERVED)]
        for client in served:
            assert client.recv(5) == b"hello"
        time.sleep(3)
        assert all(map(is_open, served)), "cut before the others came"
        others = [connect(port) for _ in range(COMING)]
        time.sleep(4)
        return sum(map(is_open, served))
    finally:
        process.kill()
        process.wait()

print(subprocess.run([*haproxy, "-v"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
full, beneath = left(ALL), left(ALL - 4)
print(f"of {SERVED} sessions on a healthy server: {full} left once clients have all {ALL} connections of the process, {beneath} where they get {ALL - 4}")
sys.exit(0 if (full, beneath) == (0, SERVED) else "it behaves otherwise by now")
PY
timeout 120 python3 try.py
