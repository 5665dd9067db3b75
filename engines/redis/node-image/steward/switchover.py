"""Hands over: `python3 -m steward.switchover [node]`. Sentinel chooses by priority, so the node that is named gets a better one."""

import contextlib
import sys
import time
from typing import Iterator

import redis

from .description import Node, Secrets, read_node, read_secrets
from .peers import SENTINEL, SERVER, Peers, Self, attempt, client
from .server_config import priority

PATIENCE = 15
"""Seconds. A Sentinel looks at priorities every 10."""
BEST = 1


def main() -> None:
    node, secrets = read_node(), read_secrets()
    to = sys.argv[1] if len(sys.argv) > 1 else None
    if to is not None and to not in node.members:
        sys.exit(f"{to} is no node: they are {', '.join(node.members)}")
    peers = Peers(node, secrets)
    words, selves = peers.ask()
    leader = next((name for name, found in selves.items() if found.leads and found.linked), None)
    if leader is None:
        sys.exit("nobody leads")
    if to == leader:
        sys.exit(f"{to} leads already")
    if to is not None and not _has_data(selves.get(to), selves[leader]):
        sys.exit(f"{to} can't lead now: it doesn't have {leader}'s data yet, or can't be asked")
    sentinel = next((name for name in words if name != leader), None)
    if sentinel is None:
        sys.exit("no Sentinel of another node answers")
    with _preferred(node, secrets, to, sentinel) if to else contextlib.nullcontext():
        _order(node, secrets, sentinel)
        successor = _successor(peers, leader)
    print(f"{leader} handed over to {successor}")


def _has_data(chosen: Self | None, leader: Self) -> bool:
    """A node that still copies has a priority that says so, and that must not be lifted: it would lead with what it has."""
    return chosen is not None and chosen.linked and chosen.cluster == leader.cluster != ""


@contextlib.contextmanager
def _preferred(node: Node, secrets: Secrets, to: str, sentinel: str) -> Iterator[None]:
    """For a while the Sentinel knows that this node is the best one."""
    server = client(node.members[to], SERVER, secrets)
    watching = client(node.members[sentinel], SENTINEL, secrets)

    def seen() -> bool:
        replicas = attempt(lambda: watching.execute_command("SENTINEL", "REPLICAS", node.scope)) or []
        fields = [dict(zip(each[::2], each[1::2])) if isinstance(each, list) else each for each in replicas]
        return any(
            str(each.get("ip")) == node.members[to] and int(each.get("slave-priority", 0)) == BEST
            for each in fields
        )

    _set_priority(server, BEST)
    try:
        _wait(seen, f"{to} can't be preferred: {sentinel}'s Sentinel doesn't see it")
        yield
    finally:
        # A server that was started anew meanwhile has its own again, which may say that it must not lead.
        if attempt(lambda: server.config_get("replica-priority")) == {"replica-priority": str(BEST)}:
            _set_priority(server, priority("any"))


def _set_priority(server: redis.Redis, to: int) -> None:
    try:
        server.execute_command("CONFIG", "SET", "replica-priority", to)
    except (redis.RedisError, OSError) as error:
        sys.exit(f"the node doesn't take its priority: {error}")


def _order(node: Node, secrets: Secrets, sentinel: str) -> None:
    try:
        client(node.members[sentinel], SENTINEL, secrets).execute_command("SENTINEL", "FAILOVER", node.scope)
    except (redis.RedisError, OSError) as error:
        sys.exit(f"{sentinel}'s Sentinel refuses: {error}")


def _successor(peers: Peers, leader: str) -> str:
    def found() -> str | None:
        _, selves = peers.ask()
        return next((name for name, it in selves.items() if it.leads and it.linked and name != leader), None)

    return _wait(found, "no other node has taken over")


def _wait(ask, why: str):
    until = time.monotonic() + PATIENCE
    while not (answer := ask()):
        if time.monotonic() > until:
            sys.exit(why)
        time.sleep(0.1)
    return answer


if __name__ == "__main__":
    main()
