"""Keeps etcd's leadership away from PostgreSQL's leader."""

from portico_node import log

from .description import Node, Secrets
from .etcd_api import LOCAL, authenticate, call, is_healthy


def give_away(node: Node, secrets: Secrets) -> None:
    """
    On PostgreSQL's leader: hands etcd's leadership to a member that is healthy. Raises EtcdError.

    A member that leads etcd and is frozen for longer than Patroni's lease takes all leases for ended when it wakes up, and has them revoked,
    that of the new leader of PostgreSQL as well (etcd 3.5.16; `ensureLeadership` asks nobody right after a tick, also in 3.6.7). A node
    that led both would be PostgreSQL's leader again, without what has been written meanwhile. And a node that is lost costs one election, not two.
    """
    status = call(LOCAL, "/v3/maintenance/status", {})
    own = status["header"]["member_id"]
    if status.get("leader") != own:
        return
    token = authenticate(LOCAL, "root", secrets.etcdRoot)
    members = call(LOCAL, "/v3/cluster/member/list", {}, token)["members"]
    others = {member["name"]: member["ID"] for member in members if member["ID"] != own and member.get("name")}
    for name, address in node.members.items():
        if name in others and is_healthy(address):
            call(LOCAL, "/v3/maintenance/transfer-leadership", {"targetID": others[name]}, token)
            log.info(f"etcd is led by {name} from now on")
            return
