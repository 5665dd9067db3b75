#!/usr/bin/env bash
# Guess: once etcd's members have another leader, only that one ends leases. A member that led, was frozen and is thawed asks first whether
# it still leads ("Ignore the lease revoking request because current member isn't a leader", since 3.5.13).
# What happens: it asks only if its last tick is more than three heartbeats ago, and a thawed process mostly ticks before it looks for
# leases. It knows their ends from before, finds them past and proposes to revoke them all, though clients have kept them alive with the
# new leader. If it hears of that one first, it hands the proposals on to it as a follower does, and the keys are gone at once. Otherwise the
# first 16 are lost with its own entries; it waits 7 s for each and then, long since a follower, goes on with the rest without asking.
# So most thaws cost keys where it held 40 leases, and some where it held one.
# Version: etcd 3.5.16 of Debian 13; with 40 leases also 3.6.16 and 3.7.3, built from their sources. Source: revokeExpiredLeases,
# ensureLeadership, isActive and maxPendingRevokes in etcdserver/server.go; etcd's issue 15247, and pull request 16822, which made it ask.
set -euo pipefail
version=3.5.16-4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p apt/lists/partial apt/archives/partial
touch apt/status
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" > apt/sources.list
options=(-o Dir::Etc::SourceList="$folder/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$folder/apt/lists"
  -o Dir::Cache="$folder/apt" -o Dir::State::Status="$folder/apt/status" -o Acquire::Languages=none -o APT::Sandbox::User=root)
{ apt-get "${options[@]}" update && apt-get "${options[@]}" download "etcd-server=$version"; } > apt.log 2>&1 || { cat apt.log; exit 1; }
dpkg-deb -x etcd-server_*.deb root
cat > try.py <<'PY'
import base64, json, os, random, re, signal, socket, subprocess, sys, threading, time, urllib.request

WANTED, MOST, ONE = 2, 10, 20
etcd = "root/usr/bin/etcd"

signal.signal(signal.SIGTERM, lambda *_: sys.exit("not within 10 min"))

# Ports below those that the system gives to clients.
taken = []
while len(taken) < 6:
    try:
        taken.append(socket.create_server(("127.0.0.1", random.randrange(32001, 32768))))
    except OSError:
        pass
clients, peers = ([f"http://127.0.0.1:{each.getsockname()[1]}" for each in some] for some in (taken[:3], taken[3:]))
for each in taken:
    each.close()

def ask(member, path, body, timeout=3):
    request = urllib.request.Request(f"{clients[member]}/v3/{path}", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.load(answer)

# Whom a member takes for the leader.
def led_by(member):
    status = ask(member, "maintenance/status", {})
    return status.get("leader"), status["header"]["member_id"]

# The revocations for leases whose end had come that a member has proposed and seen carried out.
def revoked(member):
    with urllib.request.urlopen(f"{clients[member]}/metrics", timeout=3) as answer:
        return int(float(re.search(r"^etcd_debugging_server_lease_expired_total (\S+)", answer.read().decode(), re.M)[1]))

def until(ask):
    for _ in range(300):
        try:
            if (answer := ask()) is not None:
                return answer
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("not within 30 s")

def find_leader():
    for member in range(3):
        leader, itself = led_by(member)
        if leader == itself:
            return member

def coded(text):
    return base64.b64encode(text.encode()).decode()

class Leases:
    """Leases with a key each, all kept alive over one member."""

    def __init__(self, prefix, count, seconds, granting, keeping):
        self.prefix, self.keeping = prefix, keeping
        self.renewed = {}
        self.over = False
        for number in range(count):
            lease = ask(granting, "lease/grant", {"TTL": seconds})["ID"]
            ask(granting, "kv/put", {"key": coded(f"{prefix}/{number}"), "value": coded(""), "lease": lease})
            self.renewed[lease] = time.monotonic()
        self.thread = threading.Thread(target=self.keep)
        self.thread.start()

    def keep(self):
        lost = set()
        while not self.over:
            for lease in self.renewed.keys() - lost:
                try:
                    result = ask(self.keeping, "lease/keepalive", {"ID": lease}, 1).get("result", {})
                    if "TTL" in result:
                        self.renewed[lease] = time.monotonic()
                    elif "ID" in result:
                        lost.add(lease)
                except OSError:
                    pass
            time.sleep(0.2)

    def keys(self):
        what = {"key": coded(f"{self.prefix}/"), "range_end": coded(f"{self.prefix}0"), "count_only": True}
        return int(ask(self.keeping, "kv/range", what).get("count", 0))

    def end(self):
        self.over = True
        self.thread.join()
        for lease in self.renewed:
            try:
                ask(self.keeping, "lease/revoke", {"ID": lease})
            except OSError:
                pass

# The keys before the thaw, 1 s after it and at the end; whether the old leader follows 1 s after it; what it revoked, and what the others
# did; the age of the oldest renewal at the thaw.
def attempt(name, count, seconds, frozen, after):
    time.sleep(1)
    old = until(find_leader)
    others = [member for member in range(3) if member != old]
    leases = Leases(name, count, seconds, old, others[0])
    try:
        time.sleep(1)
        ends = revoked(old), sum(map(revoked, others))
        processes[old].send_signal(signal.SIGSTOP)
        time.sleep(frozen)
        keys = [leases.keys()]
        age = time.monotonic() - min(leases.renewed.values())
        processes[old].send_signal(signal.SIGCONT)
        time.sleep(1)
        leader, itself = led_by(old)
        keys.append(leases.keys())
        time.sleep(after - 1)
        keys.append(leases.keys())
        return keys, leader != itself, revoked(old) - ends[0], sum(map(revoked, others)) - ends[1], age
    finally:
        processes[old].send_signal(signal.SIGCONT)
        leases.end()

print(subprocess.run([etcd, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
processes = []
try:
    for member in range(3):
        command = [etcd, "--name", f"m{member}", "--data-dir", f"m{member}", "--listen-peer-urls", peers[member],
            "--initial-advertise-peer-urls", peers[member], "--listen-client-urls", clients[member], "--advertise-client-urls", clients[member],
            "--initial-cluster", ",".join(f"m{each}={peers[each]}" for each in range(3))]
        with open(f"m{member}.log", "w") as log:
            processes.append(subprocess.Popen(command, stdout=log, stderr=log))
    until(find_leader)
    print("40 leases of 5 s, kept alive over a follower, the leader frozen for 7 s:")
    times = number = 0
    while times < WANTED and number < MOST:
        keys, follows, by_old, by_others, age = attempt(f"some{number}", 40, 5, 7, 9)
        print(f"  renewed within the last {age:.1f} s: {keys[0]} keys; 1 s after the thaw {keys[1]}, and it {'follows' if follows else 'leads'};"
            f" 9 s after it {keys[2]}; revoked by it {by_old}, by the others {by_others}", flush=True)
        times += keys[0] == 40 and age < 3 and follows and by_others == 0 and by_old == 40 - keys[2] > 0
        number += 1
    lost = 0
    for number in range(ONE):
        keys, _, by_old, by_others, age = attempt(f"one{number}", 1, 2, 4.5, 1.5)
        lost += keys[0] == 1 and keys[2] == 0 and age < 1.5 and by_old == 1 and by_others == 0
    print(f"one lease of 2 s, the leader frozen for 4.5 s: {lost} of {ONE} times it revoked this one")
    logs = "".join(open(f"m{member}.log").read() for member in range(3))
    print(f"logged: {logs.count('failed to revoke lease')} times \"failed to revoke lease\","
          f" {logs.count('Ignore the lease revoking request')} times \"Ignore the lease revoking request\"")
    sys.exit(0 if times == WANTED else "it behaves otherwise by now")
finally:
    for process in processes:
        process.kill()
        process.wait()
PY
timeout 600 python3 try.py
