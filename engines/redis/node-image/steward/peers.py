"""Asks servers and Sentinels: short questions with a deadline, to all of them at once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable, Mapping, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .description import Node, Secrets
from .sentinel_config import LAST_EPOCH

DEADLINE = 0.5
"""Seconds for each step on a connection."""

SERVER, SENTINEL = 6379, 26379

Asked = TypeVar("Asked")


@dataclass(frozen=True)
class Word:
    """What a Sentinel says of who leads."""

    leader: str
    """Address."""
    epoch: int
    voted_epoch: int
    doubts: frozenset[str]
    """Of the flags `s_down`, `o_down` and `failover_in_progress`, those that it has raised."""
    conducts: bool
    """It has promoted `leader` itself, and has yet to lead the others there: until then it watches the old leader."""


@dataclass(frozen=True)
class Self:
    """What a server says of itself."""

    leads: bool
    cluster: str
    """Id of the cluster whose data it has; empty without data."""
    leader: str
    """Address of the server that it copies from; empty where it leads."""
    linked: bool
    """It receives from there; or, where it leads, somebody receives from it."""


class Peers:
    """Connections to every member, kept open from question to question."""

    def __init__(self, node: Node, secrets: Secrets) -> None:
        self._node = node
        self._servers = {name: client(at, SERVER, secrets) for name, at in node.members.items()}
        self._sentinels = {name: client(at, SENTINEL, secrets) for name, at in node.members.items()}
        self._pool = ThreadPoolExecutor(2 * len(node.members))
        self.own = self._servers[node.name]

    def ask(self) -> tuple[Mapping[str, Word], Mapping[str, Self]]:
        """The answers, by the member's name, of those that gave one."""
        words = {name: self._pool.submit(word_of, it, self._node.scope) for name, it in self._sentinels.items()}
        selves = {name: self._pool.submit(self_of, it) for name, it in self._servers.items()}
        heard = {name: word for name, asked in words.items() if (word := asked.result())}
        return heard, {name: found for name, asked in selves.items() if (found := asked.result())}

    def ask_for_failover(self) -> bool:
        """Whether a Sentinel took the order: another node's first, which sees this one from outside."""
        names = sorted(self._sentinels, key=lambda name: name == self._node.name)
        return any(
            attempt(lambda it=self._sentinels[name]: it.execute_command("SENTINEL", "FAILOVER", self._node.scope))
            for name in names
        )

    def close(self) -> None:
        self._pool.shutdown(wait=False)
        for it in (*self._servers.values(), *self._sentinels.values()):
            it.close()


def client(address: str, port: int, secrets: Secrets, deadline: float | None = DEADLINE) -> redis.Redis:
    return redis.Redis(
        host=address,
        port=port,
        username="operator",
        password=secrets.operator,
        socket_timeout=deadline,
        socket_connect_timeout=DEADLINE,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
        lib_name=None,
        lib_version=None,
    )


def word_of(sentinel: redis.Redis, scope: str) -> Word | None:
    return attempt(lambda: _word(sentinel, scope))


def self_of(server: redis.Redis) -> Self | None:
    return attempt(lambda: _self(server))


def attempt(ask: Callable[[], Asked]) -> Asked | None:
    """The answer, or None for any failure to get one."""
    try:
        return ask()
    except (redis.RedisError, OSError, ValueError, KeyError, IndexError):
        return None


def _word(sentinel: redis.Redis, scope: str) -> Word | None:
    asked = sentinel.pipeline(transaction=False)
    asked.execute_command("SENTINEL", "MASTER", scope)
    asked.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", scope)
    asked.execute_command("SENTINEL", "MASTER", scope)
    first, address, second = asked.execute()
    before, after = _map(first), _map(second)
    # During a failover the address changes with the epoch; only what lies between two equal epochs belongs to it.
    if before["config-epoch"] != after["config-epoch"] or int(after["config-epoch"]) > LAST_EPOCH:
        return None
    doubts = frozenset(after["flags"].split(",")) & {"s_down", "o_down", "failover_in_progress"}
    return Word(
        leader=address[0],
        epoch=int(after["config-epoch"]),
        voted_epoch=int(after.get("voted-leader-epoch", 0)),
        doubts=doubts,
        conducts="failover_in_progress" in doubts and after["ip"] != address[0],
    )


def _self(server: redis.Redis) -> Self:
    asked = server.pipeline(transaction=False)
    asked.execute_command("HELLO", "2")
    asked.execute_command("ROLE")
    hello, role = asked.execute()
    cluster = _map(hello).get("availability_zone", "")
    if role[0] == "master":
        return Self(True, cluster, "", len(role[2]) > 0)
    return Self(False, cluster, role[1], role[3] == "connected")


def _map(reply: list[str]) -> Mapping[str, str]:
    return dict(zip(reply[::2], reply[1::2]))
