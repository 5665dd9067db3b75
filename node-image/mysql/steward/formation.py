"""Brings this node into the group, or forms the group with a majority's promise."""

import json
import time
import uuid
from typing import Any, Mapping


from . import files, log, paths
from .description import Node, Secrets
from .election import Adopt, Found, Join, Promises, Report, Stand, Wait, decide
from .group import Membership, read_membership, write_membership
from .peers import promises_of, reports_of
from .server import Server, State

HASTE = 10.0
"""Seconds from asking for promises within which the group must have been started, or else it is not."""

PATIENCE = 45.0
"""Seconds in which a majority still waits for the others: after a loss of all, one that is late may hold the last writes."""


class Formation:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._began: float | None = None
        self.membership = read_membership()
        self._promises = Promises(_held(), _save, time.time)

    def report(self, state: State | None) -> Report:
        group, joined = self.membership.group, self.membership.joined
        if state is None:
            return Report(group, joined, False, "", ready=False)
        return Report(group, joined, state.active, state.gtids)

    def promise(self, node: Node, state: State | None, address: str, asked: Mapping[str, Any]) -> bool:
        """Another node asks. Never while this one is in a group, nor to somebody who has less than it."""
        candidate, gtids = str(asked.get("candidate")), str(asked.get("gtids"))
        if node.members.get(candidate) != address or state is None or state.active:
            return False
        if not self._server.contains(state.gtids, gtids):
            return False
        return self._promises.give(candidate)

    def note(self, node: Node, state: State) -> None:
        """A member is one of a majority: a founder that is still alone has nothing that a client could have written."""
        if state.active:
            self._began = None
        member = state.own.state == "ONLINE" and state.online >= node.majority
        if member and not self.membership.joined:
            self._become(Membership(self.membership.group, True))

    def go_on(self, node: Node, secrets: Secrets, state: State) -> str:
        """One step of a node that is in no group. Says what it did, or what it waits for. Raises pymysql.Error."""
        reports = {**reports_of(node), node.name: self.report(state)}
        order = tuple(sorted(node.members, key=lambda n: (len(n), n)))
        if self._began is None:
            self._began = time.monotonic()
        match decide(node.name, order, reports, self._server.contains):
            case Wait(why):
                return why
            case Adopt(group):
                self._become(Membership(group, False))
                return f"belongs to the group {group}"
            case Found():
                self._become(Membership(str(uuid.uuid4()), False))
                return f"founds the group {self.membership.group}"
            case Join():
                self._start(secrets, bootstrap=False)
                return "joins the group"
            case Stand(voters) if len(voters) < len(order) and self._is_early():
                missing = ", ".join(name for name in order if name not in voters)
                return f"{missing} may have more, and is waited for"
            case Stand(voters):
                return self._stand(node, secrets, state, voters)

    def _is_early(self) -> bool:
        return self._began is not None and time.monotonic() - self._began < PATIENCE

    def _stand(self, node: Node, secrets: Secrets, state: State, voters: frozenset[str]) -> str:
        asked = time.monotonic()
        if not self._promises.give(node.name):
            return "this node has promised another one to let it form the group"
        given = promises_of(node, voters, state.gtids) | {node.name}
        if len(given) < node.majority:
            self._promises.withdraw(node.name)
            return f"only {', '.join(sorted(given))} would let this node form the group"
        if time.monotonic() - asked > HASTE:
            return "the promises came too late"
        log.info("forms the group", promised=sorted(given))
        self._start(secrets, bootstrap=True)
        return "formed the group"

    def _start(self, secrets: Secrets, bootstrap: bool) -> None:
        """Returns when the server is a member, or a member to be; until then its own time-out holds."""
        self._server.do(
            [
                "STOP GROUP_REPLICATION",
                f"SET GLOBAL group_replication_group_name = '{self.membership.group}'",
                f"SET GLOBAL group_replication_bootstrap_group = {'ON' if bootstrap else 'OFF'}",
            ],
            seconds=60,
        )
        try:
            self._server.do(
                ["START GROUP_REPLICATION USER = 'replication', PASSWORD = %s"],
                seconds=120,
                values=[secrets.replication],
            )
        finally:
            if bootstrap:
                self._server.do(["SET GLOBAL group_replication_bootstrap_group = OFF"])

    def _become(self, membership: Membership) -> None:
        write_membership(membership)
        self.membership = membership


def _held() -> tuple[str, float]:
    raw = files.read(paths.PROMISE)
    if raw is None:
        return "", 0.0
    held = json.loads(raw)
    return str(held["to"]), float(held["until"])


def _save(candidate: str, until: float) -> None:
    files.write(paths.PROMISE, json.dumps({"to": candidate, "until": until}))


