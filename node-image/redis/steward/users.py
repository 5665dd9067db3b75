"""Who may do what on a node: the lists of users of the server and of its Sentinel."""

from .description import Node, Secrets

APP = "~* &* +@all -@admin -@dangerous +client|list +flushall +flushdb +info +keys +lastsave +restore +role +sort +sort_ro +swapdb"
"""All of the data, nothing of the server: no configuration, replication, users or modules."""

SENTINEL = (
    "&* -@all +client|kill +client|setname +config|rewrite +exec +info +multi +ping +publish +replicaof"
    " +role +script|kill +slaveof +subscribe"
)
"""What Sentinel does to the servers that it watches."""

SIGNS = (
    "+switch-master", "+config-update-from", "+new-epoch", "+sdown", "-sdown", "+odown", "-odown",
    "+try-failover", "+elected-leader", "+promoted-slave", "+failover-end", "-failover-abort-no-good-slave",
    "-failover-abort-not-elected", "-failover-abort-slave-timeout",
)  # fmt: skip
"""What a portal may listen to."""


def server_users(node: Node, secrets: Secrets) -> str:
    return _lines(
        "default off resetpass -@all",
        f"{node.user} on >{secrets.app} {APP}",
        f"replication on >{secrets.replication} -@all +ping +psync +replconf",
        f"sentinel on >{secrets.sentinel} {SENTINEL}",
        f"operator on >{secrets.operator} ~* &* +@all",
        # Portals need no secret to ask what role a node has, and can do nothing else with this.
        "probe on nopass -@all +hello +ping +role",
    )


def sentinel_users(secrets: Secrets) -> str:
    signs = " ".join(f"&{sign}" for sign in SIGNS)
    return _lines(
        "default off resetpass -@all",
        f"sentinel on >{secrets.sentinel} &* +@all",
        f"operator on >{secrets.operator} &* +@all",
        f"probe on nopass resetchannels {signs} -@all +hello +ping +sentinel|get-master-addr-by-name"
        " +sentinel|master +subscribe",
    )


def _lines(*users: str) -> str:
    return "".join(f"user {user}\n" for user in users)
