#!/usr/bin/env bash
# Guess: a fresh environment with Celery and Redis' client in it can make an app.
# What happens: kombu imports `packaging`, which is not among its requirements, nor Celery's: ModuleNotFoundError.
# Version: celery 5.7.0, kombu 5.7.0, redis 8.1.0. Source: seen.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check celery==5.7.0 kombu==5.7.0 redis==8.1.0
cat > "$folder/try.py" <<'PY'
import importlib.metadata as metadata
print(" ".join(f"{name} {metadata.version(name)}" for name in ("celery", "kombu", "redis")))
print("packaging installed:", any(each.metadata["Name"] == "packaging" for each in metadata.distributions()))
try:
    import kombu.transport.redis
except ModuleNotFoundError as error:
    print("the transport for Redis:", error)
    raise SystemExit(0 if error.name == "packaging" else 1)
print("the transport for Redis is imported")
raise SystemExit(1)
PY
cd "$folder" && timeout 60 "$python" try.py
