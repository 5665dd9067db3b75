#!/usr/bin/env bash
# Guess: a TCP session that passed bytes and is then ended by `shutdown session` is logged with the termination state KD: K, killed by
# an admin, and D, the data phase. One whose client resets its connection is CD.
# What happens: it is KC, and the manual says of C: "the proxy was waiting for the CONNECTION to establish on the server. The server
# might at most have noticed a connection attempt."
# Version: HAProxy 3.0.11 of Debian 13 (2.6.12 and 2.8.25 log K-). Source: default_srv_error in src/stream.c, which sets C where no
# error of a connection is known.
set -euo pipefail
version=3.0.11-1+deb13u5
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# Debian 13's packages from this Debian 12's own mirrors, with its C library beside HAProxy. Nothing is installed.
mkdir -p sources lists/partial archives/partial
sed 's/bookworm/trixie/g' /etc/apt/sources.list.d/debian.sources > sources/debian.sources
apt() {
  apt-get -qq -o APT::Sandbox::User=root -o Acquire::Languages=none -o Dir::Etc::sourcelist=/dev/null \
    -o "Dir::Etc::sourceparts=$folder/sources" -o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder" "$@" \
    >> apt.log 2>&1 || { cat apt.log; exit 1; }
}
apt update
for package in "haproxy=$version" libc6 libcrypt1 libgcc-s1 libjemalloc2 liblua5.4-0 libopentracing-c-wrapper0t64 libopentracing1 \
  libpcre2-8-0 libssl3t64 libstdc++6 libzstd1 zlib1g; do
  apt download "$package"
done
for package in *.deb; do dpkg-deb -x "$package" root; done
libraries="$(dirname "$(find "$folder/root" -name 'libssl.so.3' | head -n 1)")"
loader="$(find "$libraries" -name 'ld-linux-*' | head -n 1)"
cat > try.py <<'PY'
import re, socket, struct, subprocess, sys, time

SIZE = 100_000

server = socket.create_server(("127.0.0.1", 0))
server.settimeout(10)
log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(("127.0.0.1", 0))
log.settimeout(10)
with socket.create_server(("127.0.0.1", 0)) as one:
    port = one.getsockname()[1]
with open("haproxy.cfg", "w") as file:
    file.write("global\n stats socket unix@cli level admin\n")
    file.write(f" log 127.0.0.1:{log.getsockname()[1]} format raw daemon\n")
    file.write("defaults\n mode tcp\n log global\n timeout connect 1s\n timeout client 1m\n timeout server 1m\n")
    file.write(f"listen proxy\n bind 127.0.0.1:{port}\n server s 127.0.0.1:{server.getsockname()[1]}\n")
    file.write(' log-format "ended state=%ts connect_ms=%Tc bytes=%B ms=%Tt"\n')

def ask(command):
    with socket.socket(socket.AF_UNIX) as cli:
        cli.settimeout(10)
        cli.connect("cli")
        cli.sendall(command.encode() + b"\n")
        answer = b""
        while data := cli.recv(1 << 16):
            answer += data
    return answer.decode().strip()

def kill(client):
    (name,) = [line.split(":")[0] for line in ask("show sess").splitlines() if "fe=proxy" in line]
    ask(f"shutdown session {name}")

def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()

# A session passes bytes, is idle for a second, and is ended. Its line in the log is what this returns.
def session(how, end):
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
    node.sendall(bytes(SIZE))
    got = 0
    while got < SIZE:
        got += len(client.recv(SIZE))
    time.sleep(1)
    end(client)
    while "ended state=" not in (line := log.recv(1 << 16).decode()):
        pass
    node.close()
    client.close()
    print(f"{how}: {line.strip()}")
    state, connect, count = re.search(r"state=(\S+) connect_ms=(-?\d+) bytes=(\d+)", line).groups()
    return state, int(connect) >= 0, int(count)

haproxy = [sys.argv[1], "--library-path", sys.argv[2], "root/usr/sbin/haproxy"]
print(subprocess.run([*haproxy, "-v"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
process = subprocess.Popen([*haproxy, "-db", "-f", "haproxy.cfg"])
try:
    by_client = session("reset by the client", reset)
    by_admin = session("ended by shutdown session", kill)
finally:
    process.terminate()
    process.wait()
sys.exit(0 if by_client == ("CD", True, SIZE) and by_admin == ("KC", True, SIZE) else 1)
PY
timeout 60 python3 try.py "$loader" "$libraries"
