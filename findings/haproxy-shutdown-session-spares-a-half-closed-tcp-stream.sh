#!/usr/bin/env bash
# Guess: `shutdown session <id>` ends the session, as the manual says ("Immediately terminate the session"), or answers that it can't.
# What happens: it answers as it does where it ends one, and nothing changes, if a TCP client has sent its FIN and the server stays
# open and silent. Asking again doesn't help.
# Version: HAProxy 2.6.12 of Debian 12 (3.0.11 does the same). Source: src/stream.c, which returns early where the server's side is
# shut for writing.
set -euo pipefail
version=2.6.12-1+deb12u4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in "haproxy=$version" liblua5.3-0 libopentracing-c-wrapper0 libopentracing1; do
  apt-get -qq download "$package" 2>> apt.log || { cat apt.log; exit 1; }
done
for package in *.deb; do dpkg-deb -x "$package" root; done
LD_LIBRARY_PATH="$(dirname "$(find "$folder/root" -name 'liblua5.3.so.0' | head -n 1)")"
export LD_LIBRARY_PATH
cat > try.py <<'PY'
import socket, subprocess, sys, time

WATCHED = 5  # seconds

server = socket.create_server(("127.0.0.1", 0))
server.settimeout(10)
with socket.create_server(("127.0.0.1", 0)) as one:
    port = one.getsockname()[1]
with open("haproxy.cfg", "w") as file:
    file.write("global\n stats socket unix@cli level admin\n")
    file.write("defaults\n mode tcp\n timeout connect 1s\n timeout client 1m\n timeout server 1m\n")
    file.write(f"listen proxy\n bind 127.0.0.1:{port}\n server s 127.0.0.1:{server.getsockname()[1]}\n")

def ask(command):
    with socket.socket(socket.AF_UNIX) as cli:
        cli.settimeout(10)
        cli.connect("cli")
        cli.sendall(command.encode() + b"\n")
        answer = b""
        while data := cli.recv(1 << 16):
            answer += data
    return answer.decode().strip()

def sessions():
    return [line.split(":")[0] for line in ask("show sess").splitlines() if "fe=proxy" in line]

# A client and the server's end of it, with a byte gone through each way, and the session's id.
def session():
    for _ in range(100):
        try:
            client = socket.create_connection(("127.0.0.1", port), 10)
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    client.sendall(b"a")
    node, _ = server.accept()
    node.settimeout(10)
    assert node.recv(1) == b"a"
    node.sendall(b"b")
    assert client.recv(1) == b"b"
    (name,) = sessions()
    return client, node, name

def stays(name):
    deadline = time.monotonic() + WATCHED
    while time.monotonic() < deadline:
        if name not in sessions():
            return False
        time.sleep(0.2)
    return True

def shut(how, name):
    answers = {ask(f"shutdown session {name}") for _ in range(2 if how == "half-closed" else 1)}
    stayed = stays(name)
    fate = f"has it still after {WATCHED} s" if stayed else "doesn't list it any more"
    print(f"{how}: the command answers {', '.join(map(repr, answers))}; `show sess` {fate}")
    return answers, stayed

haproxy = "root/usr/sbin/haproxy"
print(subprocess.run([haproxy, "-v"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
process = subprocess.Popen([haproxy, "-db", "-f", "haproxy.cfg"])
try:
    client, node, name = session()
    opened = shut("open both ways", name)
    client.close()
    node.close()

    client, node, name = session()
    client.shutdown(socket.SHUT_WR)
    assert node.recv(1) == b""
    half = shut("half-closed", name)
    node.sendall(b"still here")
    through = client.recv(100) if half[1] else b""
    print("half-closed: the server's next bytes reach the client:", through)
    node.close()
    client.close()
    print("an id that isn't there:", repr(ask("shutdown session 0x1")))
finally:
    process.terminate()
    process.wait()
sys.exit(0 if opened == ({""}, False) and half == ({""}, True) and through == b"still here" else 1)
PY
timeout 60 python3 try.py
