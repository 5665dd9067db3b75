#!/usr/bin/env bash
# Guess: of a line `a; wait 2s; b; c` on the stats socket, HAProxy carries out nothing more once the client has closed its connection,
# or all of it.
# What happens: when the wait is over, b is carried out and c is not. Where b is the last command, it isn't either. With a second wait
# between (`a; wait 1s; wait 1s; b; c`), neither is.
# Version: HAProxy 3.0.11 of Debian 13 (2.6, of Debian 12, has no `wait`). Source: the loop in src/cli.c, which yields between two
# commands, and a closed connection that shows only when an answer is written to it.
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
import os, socket, subprocess, sys, time

WAIT = 2  # seconds
TIMES = 5
libraries = ":".join({os.path.dirname(os.path.join(at, name)) for at, _, names in os.walk("root") for name in names if ".so" in name})
loader = "root/usr/lib64/ld-linux-x86-64.so.2"
haproxy = [loader, "--library-path", libraries, "root/usr/sbin/haproxy"]

with socket.create_server(("127.0.0.1", 0)) as one:
    port = one.getsockname()[1]
with open("haproxy.cfg", "w") as file:
    file.write("global\n stats socket unix@cli level admin\n stats timeout 1m\n")
    file.write("defaults\n mode tcp\n timeout connect 1s\n timeout client 1m\n timeout server 1m\n")
    file.write(f"frontend f\n bind 127.0.0.1:{port}\n maxconn 100\n default_backend b\nbackend b\n server s 127.0.0.1:1\n")

def ask(line):
    with socket.socket(socket.AF_UNIX) as cli:
        cli.settimeout(10)
        cli.connect("cli")
        cli.sendall(line.encode() + b"\n")
        answer = b""
        while data := cli.recv(1 << 16):
            answer += data
    return answer.decode()

def rows():
    lines = ask("show stat").splitlines()
    names = lines[0].lstrip("# ").split(",")
    return {(row["pxname"], row["svname"]): row for row in (dict(zip(names, line.split(","))) for line in lines[1:] if line)}

# What the client that stays sees, and what one that leaves does.
def seen():
    now = rows()
    return int(now["f", "FRONTEND"]["slim"]), now["b", "s"]["status"]

def leave(line):
    with socket.socket(socket.AF_UNIX) as cli:
        cli.connect("cli")
        cli.sendall(line.encode() + b"\n")
        time.sleep(0.3)
        cli.setblocking(False)
        answered = cli.recv(1 << 16)  # the first commands' answers: nothing is left unread
        assert answered, line

A = ["set maxconn frontend f 7", "set server b/s state ready"]
B, C = "set maxconn frontend f 8", "set server b/s state maint"
TRIES = {
    "wait, b, c": ([*A, f"wait {WAIT}s", B, C], (8, "no check")),
    "wait, b": ([*A, f"wait {WAIT}s", B], (7, "no check")),
    "wait, wait, b, c": ([*A, f"wait {WAIT - 1}s", "wait 1s", B, C], (7, "no check")),
}

print(subprocess.run([*haproxy, "-v"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
process = subprocess.Popen([*haproxy, "-db", "-f", "haproxy.cfg"], stderr=subprocess.DEVNULL)
good = True
try:
    for _ in range(100):
        if os.path.exists("cli"):
            break
        time.sleep(0.1)
    for what, (line, expected) in TRIES.items():
        found = []
        for _ in range(TIMES):
            ask("set maxconn frontend f 100")
            leave(";".join(line))
            before = seen()
            time.sleep(WAIT + 0.7)
            found.append(seen())
            assert before == (7, "no check"), before
        good = good and set(found) == {expected}
        print(f"{what}: maxconn 7 and s ready; {WAIT} s after the client left, {TIMES} times:", *sorted(set(found)))
    ask(";".join([*A, f"wait {WAIT}s", B, C]))
    stayed = seen()
    good = good and stayed == (8, "MAINT")
    print("a client that stays:", stayed)
finally:
    process.terminate()
    process.wait()
sys.exit(0 if good else 1)
PY
timeout 120 python3 try.py
