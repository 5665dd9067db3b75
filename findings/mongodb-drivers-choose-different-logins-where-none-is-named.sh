#!/usr/bin/env bash
# Guess: where a server's hello lists no saslSupportedMechs and the URI names no mechanism, all of MongoDB's drivers log in alike.
# What happens: PyMongo falls back to SCRAM-SHA-1, Node.js' driver to SCRAM-SHA-256. A server that has one of them lets one of the two in.
# Version: pymongo 4.20.1, mongodb 7.9.0 for Node.js. Source: seen; the server here answers hello and refuses every login.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pymongo==4.20.1
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts mongodb@7.9.0
cat > node.mjs <<'JS'
import { MongoClient } from "mongodb";
const client = new MongoClient(process.argv[2]);
await client.db().command({ ping: 1 }).catch(() => {});
await client.close();
JS
cat > try.py <<'PY'
import importlib.metadata, json, socket, struct, subprocess, sys, threading
import bson, pymongo

asked = []

def exactly(peer, size):
    data = b""
    while len(data) < size:
        more = peer.recv(size - len(data))
        if not more:
            raise ConnectionError("closed")
        data += more
    return data

def answer(body):
    name = next(iter(body))
    if name == "saslStart":
        asked.append(body["mechanism"])
        return {"ok": 0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": "Authentication failed."}
    if name.lower() in ("hello", "ismaster"):
        return {"ok": 1, "helloOk": True, "isWritablePrimary": True, "ismaster": True, "minWireVersion": 0, "maxWireVersion": 25,
                "maxBsonObjectSize": 16777216, "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 100000}
    return {"ok": 1}

def serve(peer):
    try:
        with peer:
            while True:
                length, number, _, code = struct.unpack("<iiii", exactly(peer, 16))
                rest = exactly(peer, length - 16)
                legacy = code == 2004  # OP_QUERY, of which the first hello may be; all else is OP_MSG
                start = rest.index(b"\0", 4) + 9 if legacy else 5
                size = struct.unpack_from("<i", rest, start)[0]
                document = bson.encode(answer(bson.decode(rest[start:start + size])))
                head = struct.pack("<iqii", 0, 0, 0, 1) if legacy else struct.pack("<iB", 0, 0)
                kind = 1 if legacy else 2013
                peer.sendall(struct.pack("<iiii", 16 + len(head) + len(document), 0, number, kind) + head + document)
    except (OSError, ConnectionError):
        pass

listener = socket.create_server(("127.0.0.1", 0))

def accept():
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

threading.Thread(target=accept, daemon=True).start()
uri = f"mongodb://u:p@127.0.0.1:{listener.getsockname()[1]}/d?directConnection=true&serverSelectionTimeoutMS=5000&retryReads=false"

def chosen():
    found = sorted(set(asked))
    asked.clear()
    return found

try:
    with pymongo.MongoClient(uri) as client:
        client.d.command("ping")
except pymongo.errors.OperationFailure:
    pass
python = chosen()
subprocess.run(["node", "node.mjs", uri], check=True, timeout=30)
node = chosen()
version = json.load(open("node_modules/mongodb/package.json"))["version"]
print(f"pymongo {importlib.metadata.version('pymongo')}: {', '.join(python)}")
print(f"mongodb {version} for Node.js: {', '.join(node)}")
sys.exit(0 if (python, node) == (["SCRAM-SHA-1"], ["SCRAM-SHA-256"]) else 1)
PY
timeout 90 venv/bin/python try.py
