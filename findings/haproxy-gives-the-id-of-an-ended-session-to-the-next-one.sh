#!/usr/bin/env bash
# Guess: the id in `show sess` names one session, so that `shutdown session <id>` for one that has ended meanwhile answers "No such session".
# What happens: the id is the session's place in memory, and the next session gets the same place. The command for the session that has
# ended answers nothing, as it does when all is well, and ends the newcomer, of another client. So it is while one client's session ends
# between a look and the word. `show sess` with a client's port beside the id tells them apart; the command takes no port.
# Version: HAProxy 3.0.11 of Debian 13. Source: the management guide ("it corresponds to the session pointer") and pool_alloc, which
# hands out what was freed last.
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
import os, re, socket, struct, subprocess, sys, threading, time

TIMES = 20
libraries = ":".join({os.path.dirname(os.path.join(at, name)) for at, _, names in os.walk("root") for name in names if ".so" in name})
haproxy = ["root/usr/lib64/ld-linux-x86-64.so.2", "--library-path", libraries, "root/usr/sbin/haproxy"]

node = socket.create_server(("127.0.0.1", 0))
kept = []
threading.Thread(target=lambda: [kept.append(node.accept()) for _ in range(10 * TIMES)], daemon=True).start()
with socket.create_server(("127.0.0.1", 0)) as one:
    port = one.getsockname()[1]
with open("haproxy.cfg", "w") as file:
    file.write("global\n stats socket unix@cli level admin\n stats timeout 1m\n nbthread 1\n")
    file.write("defaults\n mode tcp\n timeout connect 1s\n timeout client 1m\n timeout server 1m\n")
    file.write(f"listen f\n bind 127.0.0.1:{port}\n server s 127.0.0.1:{node.getsockname()[1]}\n")

# One connection for all questions, since each would be a session of its own.
class Cli:
    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect("cli")
        self.ask("prompt")

    def ask(self, line):
        self.socket.sendall(line.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n> "):
            answer += self.socket.recv(1 << 16)
        return answer[:-2].decode().strip()

    # By the client's port.
    def ids(self):
        return {int(client): id for id, client in re.findall(r"^(0x\w+): proto=tcpv4 src=127\.0\.0\.1:(\d+) fe=f ", self.ask("show sess"), re.M)}

def until(ask):
    for _ in range(200):
        if (answer := ask()):
            return answer
        time.sleep(0.02)
    sys.exit("not within 4 s")

def come(cli):
    client = socket.create_connection(("127.0.0.1", port))
    client.settimeout(2)
    return client, until(lambda: cli.ids().get(client.getsockname()[1]))

# By a reset, which ends the node's side as well.
def leave(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()

def is_open(client):
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False

print(subprocess.run([*haproxy, "-v"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
process = subprocess.Popen([*haproxy, "-db", "-f", "haproxy.cfg"], stderr=subprocess.DEVNULL)
try:
    def started():
        try:
            return Cli()
        except OSError:
            return None
    cli = until(started)
    same = ended = 0
    for _ in range(TIMES):
        first, id = come(cli)
        gone = first.getsockname()[1]
        leave(first)
        until(lambda: gone not in cli.ids())
        second, next_id = come(cli)
        answer = cli.ask(f"shutdown session {id}")
        time.sleep(0.1)
        if next_id == id:
            same += 1
            ended += answer == "" and not is_open(second)
        leave(second)
        until(lambda: not cli.ids())
    print(f"{same} of {TIMES} newcomers had the id of the session that had ended; {ended} of these were ended by the word for that one")
    sys.exit(0 if same == ended > TIMES // 2 else "it behaves otherwise by now")
finally:
    process.kill()
    process.wait()
PY
timeout 120 python3 try.py
