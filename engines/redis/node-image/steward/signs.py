"""Listens to every Sentinel, and stops writes on a leader that is about to be replaced.

Between the promotion of the new leader and the moment in which the old one learns of it lies a second, in which the old one
would acknowledge what nobody keeps. What it acknowledged before, the new one gets in the time that the choice takes.
"""

import threading
import traceback
from typing import Callable, Iterator

import redis

from portico_node import log

from .description import Node, Secrets
from .peers import SENTINEL, SERVER, attempt, client

PAUSE_MS = 5000
"""Longer than a failover from its first sign to the new leader; a failover that fails ends it sooner."""

AGAIN = 0.5
"""Seconds until it listens again to a Sentinel that was lost."""


def listen(node: Node, secrets: Secrets, stopped: threading.Event, wake: Callable[[], None]) -> dict[str, str]:
    """Returns at once; goes on until `stopped`. Gives which Sentinels a fault of ours keeps it from hearing, and the fault; kept up to date."""
    deaf: dict[str, str] = {}
    for name in node.members:
        threading.Thread(target=_listen, args=(node, secrets, name, stopped, wake, deaf), daemon=True).start()
    return deaf


def _listen(
    node: Node, secrets: Secrets, name: str, stopped: threading.Event, wake: Callable[[], None], deaf: dict[str, str]
) -> None:
    own = client(node.address, SERVER, secrets)
    while not stopped.is_set():
        try:
            for sign in _heard(node, secrets, name, stopped):
                deaf.pop(name, None)
                if sign is not None:
                    _act(own, sign, node)
                    wake()
        except (redis.RedisError, OSError):
            deaf.pop(name, None)  # It is gone, which is said elsewhere.
        except Exception as error:
            # Whatever it is, it listens again: a leader that hears nothing would go on to acknowledge what nobody keeps.
            why = f"doesn't hear the Sentinel of {name}: {error!r}"
            if deaf.get(name) != why:
                log.error(f"{why}; listens again", alarm=True, trace=traceback.format_exc())
            deaf[name] = why
        stopped.wait(AGAIN)


def _heard(node: Node, secrets: Secrets, name: str, stopped: threading.Event) -> Iterator[str | None]:
    """What a Sentinel says of this cluster; None where it says nothing for a while, and is there."""
    # A Sentinel that is gone without a word is found by asking it.
    heard = client(node.members[name], SENTINEL, secrets, 2).pubsub(ignore_subscribe_messages=True)
    heard.psubscribe("+try-failover", "-failover-abort-*", "+switch-master", "+config-update-from")
    while not stopped.is_set():
        message = heard.get_message(timeout=2)
        if message is None:
            heard.ping()
            yield None
        elif node.scope in message["data"].split():
            yield message["channel"]


def _act(own: redis.Redis, sign: str, node: Node) -> None:
    role = attempt(lambda: own.execute_command("ROLE"))
    if role is None or role[0] != "master":
        return
    if sign == "+try-failover" and len(node.members) > 1:
        paused = attempt(lambda: own.execute_command("CLIENT", "PAUSE", PAUSE_MS, "WRITE"))
        if paused:
            log.info("another leader is being chosen: takes no writes meanwhile")
        else:
            log.error("another leader is being chosen, but this server takes writes meanwhile: the order to stop failed", alarm=True)
    elif sign.startswith("-failover-abort"):
        attempt(lambda: own.execute_command("CLIENT", "UNPAUSE"))
