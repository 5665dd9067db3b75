"""Who may do what on a node: the lists of users of the server and of its Sentinel."""

from .description import Node, Secrets

APP = "~* &* +@all -@admin -@dangerous +client|list +flushall +flushdb +info +keys +lastsave +restore +role +sort +sort_ro +swapdb"
"""All of the data, nothing of the server: no configuration, replication, users or modules."""

SENTINELS = "__sentinel__"
"""How the names of the channels begin on which Sentinels speak to each other. Whoever publishes there is believed."""

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
        f"{node.user} on >{secrets.app} {APP} -publish (+publish {_all_channels_but(SENTINELS)})",
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


def _all_channels_but(prefix: str) -> str:
    """By patterns, since an ACL has none that denies. The channel without a name is left out, too."""
    starts = [(prefix[:length], letter) for length, letter in enumerate(prefix)]
    patterns = [f"{start}[^{letter}]*" for start, letter in starts] + [start for start, _ in starts if start]
    return " ".join(f"&{pattern}" for pattern in patterns)


def _lines(*users: str) -> str:
    return "".join(f"user {user}\n" for user in users)
