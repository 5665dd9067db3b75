"""Listens to every Sentinel, and stops writes on a leader that is about to be replaced.

Between the promotion of the new leader and the moment in which the old one learns of it lies a second, in which the old one
would acknowledge what nobody keeps. What it acknowledged before, the new one gets in the time that the choice takes.
"""

import threading
import time
from typing import Callable

import redis

from . import log
from .description import Node, Secrets
from .peers import SENTINEL, SERVER, attempt, client

PAUSE_MS = 5000
"""Longer than a failover from its first sign to the new leader; a failover that fails ends it sooner."""


def listen(node: Node, secrets: Secrets, stopped: threading.Event, wake: Callable[[], None]) -> None:
    """Returns at once; goes on until `stopped`."""
    for address in node.members.values():
        threading.Thread(target=_listen, args=(node, secrets, address, stopped, wake), daemon=True).start()


def _listen(node: Node, secrets: Secrets, address: str, stopped: threading.Event, wake: Callable[[], None]) -> None:
    own = client(node.address, SERVER, secrets)
    while not stopped.is_set():
        try:
            # A Sentinel that is gone without a word is found by asking it.
            heard = client(address, SENTINEL, secrets, 2).pubsub(ignore_subscribe_messages=True)
            heard.psubscribe("+try-failover", "-failover-abort-*", "+switch-master", "+config-update-from")
            while not stopped.is_set():
                message = heard.get_message(timeout=2)
                if message is None:
                    heard.ping()
                elif node.scope in message["data"].split():
                    _act(own, message["channel"], node)
                    wake()
        except (redis.RedisError, OSError):
            time.sleep(0.5)


def _act(own: redis.Redis, sign: str, node: Node) -> None:
    role = attempt(lambda: own.execute_command("ROLE"))
    if role is None or role[0] != "master":
        return
    if sign == "+try-failover" and len(node.members) > 1:
        log.info("another leader is being chosen: takes no writes meanwhile")
        attempt(lambda: own.execute_command("CLIENT", "PAUSE", PAUSE_MS, "WRITE"))
    elif sign.startswith("-failover-abort"):
        attempt(lambda: own.execute_command("CLIENT", "UNPAUSE"))
