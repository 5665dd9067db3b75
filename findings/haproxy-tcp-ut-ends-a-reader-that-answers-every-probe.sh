#!/usr/bin/env bash
# Guess: `tcp-ut` on a bind line finds peers that are gone. One that acknowledges the kernel's probes is there, however slowly it reads.
# What happens: it ends a session whose client has paused for longer, with its window closed and every probe answered.
# Version: HAProxy 2.6.12 of Debian 12 (3.0.11 does the same), Linux 6.x. Source: TCP_USER_TIMEOUT, which the kernel's probe timer
# also counts from the first probe of a closed window.
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
import socket, subprocess, sys, threading, time

SIZE = 16 << 20
PAUSE = 12  # four times the limit

source = socket.create_server(("127.0.0.1", 0))

def serve():
    while True:
        peer, _ = source.accept()
        threading.Thread(target=send, args=(peer,), daemon=True).start()

def send(peer):
    try:
        peer.sendall(bytes(SIZE))
        peer.close()
    except OSError:
        pass

threading.Thread(target=serve, daemon=True).start()

def free():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]

ports = {"tcp-ut 3s": free(), "": free()}
with open("haproxy.cfg", "w") as file:
    file.write("defaults\n mode tcp\n timeout connect 1s\n timeout client 1m\n timeout server 1m\n")
    for number, (option, port) in enumerate(ports.items()):
        file.write(f"listen l{number}\n bind 127.0.0.1:{port} {option}\n server s 127.0.0.1:{source.getsockname()[1]}\n")
haproxy = "root/usr/sbin/haproxy"
print(subprocess.run([haproxy, "-v"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
process = subprocess.Popen([haproxy, "-db", "-f", "haproxy.cfg"])
got = {}

def read(option, port):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
    for _ in range(100):
        try:
            client.connect(("127.0.0.1", port))
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    got[option] = len(client.recv(1000))
    time.sleep(PAUSE)
    try:
        while data := client.recv(1 << 16):
            got[option] += len(data)
    except ConnectionResetError:
        pass

try:
    readers = [threading.Thread(target=read, args=one) for one in ports.items()]
    for one in readers: one.start()
    for one in readers: one.join(60)
finally:
    process.terminate()
    process.wait()
for option, count in got.items():
    print(f"{option or 'without tcp-ut'}: the client paused for {PAUSE} s and got {count} of {SIZE} bytes")
sys.exit(0 if got.get("") == SIZE and got["tcp-ut 3s"] < SIZE else 1)
PY
timeout 120 python3 try.py
