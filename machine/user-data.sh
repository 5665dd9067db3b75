#!/bin/bash
# Makes a bare machine one of Portico's: writes down who it is, and starts the service that does all the rest. The text is
# the same for a machine's whole life, may run at every boot, and holds no secret: instance metadata shows it to anybody on
# the machine.
set -eu
umask 077
mkdir -p /etc/portico /usr/local/lib/portico /var/lib/portico-machine

# Each file is replaced as a whole: a machine that loses its power at this moment has the old one or the new one.
install_file() {
  cat > "$1.new"
  chmod "$2" "$1.new"
  mv -f "$1.new" "$1"
}

install_file /etc/portico/machine.env 0600 <<'END'
PORTICO_BUCKET=@bucket@
PORTICO_REGION=@region@
PORTICO_DEPLOYMENT=@deployment@
PORTICO_MACHINE=@machine@
END

install_file /usr/local/lib/portico/loader 0755 <<'END'
#!/bin/bash
# Fetches the machine's service from the bucket, and becomes it.
set -u
service=/var/lib/portico-machine/portico-machine
key=machine/portico-machine

say() {
  python3 -c 'import datetime, json, sys
now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
print(json.dumps({"level": sys.argv[1], "time": now, "service": "loader", "msg": sys.argv[2]}), flush=True)' "$1" "$2"
}

# Leaves the reason in $why. What is not whole never takes the place of a service that works.
fetch() {
  why=$(timeout --kill-after=5 60 aws s3api get-object --region "$PORTICO_REGION" --bucket "$PORTICO_BUCKET" --key "$key" \
    --cli-connect-timeout 5 --cli-read-timeout 20 "$service.new" 2>&1 >"$service.new.json" | grep -v '^$' | tail -n 1
    exit "${PIPESTATUS[0]}")
  case $? in
    0) ;;
    124 | 137) why='no answer within 60 s'; return 1 ;;
    *) return 1 ;;
  esac
  why=$(python3 -c 'import sys, zipfile
bad = zipfile.ZipFile(sys.argv[1]).testzip()
sys.exit(bad and f"{bad} in it is damaged")' "$service.new" 2>&1 | tail -n 1; exit "${PIPESTATUS[0]}") || return 1
  mv -f "$service.new.json" "$service.json" && mv -f "$service.new" "$service"
}

wait=2
until fetch; do
  problem="s3://$PORTICO_BUCKET/$key can't be fetched: $why"
  if [ -s "$service" ]; then
    # The service looks for a newer one by itself, and the machine is needed now.
    say warn "$problem; the one from before runs"
    break
  fi
  say warn "$problem; next try in $wait s"
  sleep "$wait"
  wait=$((wait * 2 > 60 ? 60 : wait * 2))
done
exec python3 "$service"
END

install_file /etc/systemd/system/portico-machine.service 0644 <<'END'
[Unit]
Description=Portico: makes this machine what the bucket says
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
EnvironmentFile=/etc/portico/machine.env
ExecStart=/usr/local/lib/portico/loader
ExecReload=/bin/kill -HUP $MAINPID
# Nobody can log in here: the console's output is what can be read of a machine that doesn't reach the bucket.
StandardOutput=journal+console
StandardError=journal+console
Restart=always
RestartSec=2
# The service ends its own children; an installation that is half done is let go to its end.
KillMode=mixed
TimeoutStopSec=300

[Install]
WantedBy=multi-user.target
END

systemctl daemon-reload
systemctl enable --now portico-machine.service
