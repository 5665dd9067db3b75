"""Patroni's keys in etcd, its distributed configuration store. A change takes hold only if the key is still as it was read."""

import base64
from dataclasses import dataclass
from typing import Any

from .description import Node, Secrets
from .etcd_api import LOCAL, authenticate, call


@dataclass(frozen=True)
class Entry:
    value: str
    revision: str


class Dcs:
    """Every call raises EtcdError."""

    def __init__(self, node: Node, secrets: Secrets) -> None:
        self._token = authenticate(LOCAL, "patroni", secrets.etcdPatroni)
        self._folder = f"/service/{node.scope}/"

    def read(self, key: str) -> Entry | None:
        found = call(LOCAL, "/v3/kv/range", {"key": self._key(key)}, self._token).get("kvs", [])
        return Entry(base64.b64decode(found[0].get("value", "")).decode(), found[0]["mod_revision"]) if found else None

    def write(self, key: str, known: Entry, value: str) -> bool:
        return self._change(key, known, {"request_put": {"key": self._key(key), "value": _encoded(value)}})

    def delete(self, key: str, known: Entry) -> bool:
        return self._change(key, known, {"request_delete_range": {"key": self._key(key)}})

    def _change(self, key: str, known: Entry, change: dict[str, Any]) -> bool:
        same = {"key": self._key(key), "target": "MOD", "mod_revision": known.revision}
        answer = call(LOCAL, "/v3/kv/txn", {"compare": [same], "success": [change]}, self._token)
        return bool(answer.get("succeeded"))

    def _key(self, key: str) -> str:
        return _encoded(f"{self._folder}{key}")


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
