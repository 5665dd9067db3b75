"""Brings this node into the group, or forms the group with a majority's promise."""

import json
import math
import time
import uuid
from typing import Any, Mapping


from portico_node import files, log

from . import paths
from .description import Node, Secrets
from .election import Adopt, Found, Join, Promises, Report, Stand, Wait, decide, deserters, groups_without, read_promise
from .group import Membership, read_membership, write_membership
from .peers import promises_of, reports_of, views_of, withdraw_from
from .server import Server, State

HASTE = 5.0
"""Seconds from asking for promises within which the start of the group must have begun, or else it is not."""

START = 120
"""Seconds until a start counts as failed. The server gives up joining after a minute (`VIEW_MODIFICATION_TIMEOUT`), and then cleans up."""

SURE = 2.0
"""Seconds for which what the others said counts, where this node is alone in its group."""

ROUND = 10.0
"""Seconds after which a member asks the others again whether they are in its group."""

DESERTED = 30.0
"""Seconds for which a majority has to say that it isn't: by itself the server gives up after 15 s where it reaches no majority."""

PATIENCE = 45.0
"""Seconds in which a majority still waits for the others: after a loss of all, one that is late may hold the last writes."""


class Formation:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._began: float | None = None
        self._sure_at = -math.inf
        self._asked_at = -math.inf
        self._deserted_at = math.inf
        self.membership = read_membership()
        self._promises = Promises(_held(), _save, _uptime)

    def report(self, state: State | None) -> Report:
        group, joined = self.membership.group, self.membership.joined
        if state is None:
            return Report(group, joined, False, "", ready=False)
        return Report(group, joined, state.active, state.gtids)

    def promise(self, node: Node, state: State | None, address: str, asked: Mapping[str, Any]) -> bool:
        """Another node asks. Never while this one is in a group, nor to somebody who has less than it."""
        candidate, gtids = str(asked.get("candidate")), str(asked.get("gtids"))
        if node.members.get(candidate) != address:
            return False
        if asked.get("withdraw"):
            self._promises.withdraw(candidate)
            return False
        if state is None or state.active:
            return False
        if not self._server.contains(state.gtids, gtids):
            return False
        return self._promises.give(candidate)

    def note(self, node: Node, state: State) -> None:
        """A member is one of a majority: a founder that is still alone has nothing that a client could have written."""
        if not state.active:
            self._asked_at, self._deserted_at = -math.inf, math.inf
        else:
            self._began = None
            if not state.is_alone(node.majority):
                self._promises.end()
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
                self._stop()
                self._start(secrets, bootstrap=False)
                return "joins the group"
            case Stand(voters) if len(voters) < len(order) and self._is_early():
                missing = ", ".join(name for name in order if name not in voters)
                return f"{missing} may have more, and is waited for"
            case Stand(voters):
                return self._stand(node, secrets, state, voters)

    def stand_alone(self, node: Node) -> str:
        """
        One step of a member that is alone in its group. While it was frozen, the others may have formed another one, by the same name:
        then what it writes would be taken for what they wrote. One that a majority has just let form the group stays: it is the other's
        turn to leave. Says what it did, or nothing. Raises pymysql.Error.
        """
        asked = time.monotonic()
        views = views_of(node)
        elsewhere = groups_without(node.address, views)
        if elsewhere and not self._promises.holds(node.name):
            self._stop()
            return f"leaves a group in which it was alone: {', '.join(elsewhere)} went on without it"
        if not elsewhere and len(views) + 1 >= node.majority:
            self._sure_at = asked
        return ""

    def asks_again(self) -> bool:
        return time.monotonic() - self._asked_at >= ROUND

    def stay(self, node: Node, state: State) -> str:
        """
        One step of a member that sees others in its group. Where several were frozen for long and wake up, each may leave by itself, and
        the last one go on to see them: their servers answer at the same ports. It can drop nobody without a majority, and none of them can join
        while it has their former selves. So it leaves too, and the group is formed anew. Says what it did, or nothing. Raises pymysql.Error.
        """
        self._asked_at = now = time.monotonic()
        view = [member.address for member in state.members]
        left = deserters(node.address, view, node.members, reports_of(node), views_of(node))
        if len(view) - len(left) >= node.majority:
            self._deserted_at = math.inf
            return ""
        self._deserted_at = min(self._deserted_at, now)
        if now - self._deserted_at < DESERTED:
            return ""
        self._stop()
        return f"leaves a group that has no majority: {', '.join(left)} left it"

    def may_write(self, node: Node, state: State) -> bool:
        """Whether the group is the only one: a majority is in it, or says that it is in no other. The first one ever has no other."""
        if not state.is_alone(node.majority) or not self.membership.joined:
            return True
        return time.monotonic() - self._sure_at < SURE

    def _is_early(self) -> bool:
        return self._began is not None and time.monotonic() - self._began < PATIENCE

    def _stand(self, node: Node, secrets: Secrets, state: State, voters: frozenset[str]) -> str:
        # It may take minutes, where a start that failed is not over yet: nobody has promised anything so long.
        self._stop()
        asked = _uptime()
        if not self._promises.give(node.name):
            return "this node has promised another one to let it form the group"
        given = promises_of(node, voters, state.gtids)
        named = sorted(given | {node.name})
        if len(named) < node.majority:
            self._give_back(node, given)
            return f"only {', '.join(named)} would let this node form the group"
        log.info("forms the group", promised=named)
        if not self._start(secrets, bootstrap=True, by=asked + HASTE):
            self._give_back(node, given)
            return "the promises came too late"
        return "formed the group"

    def _give_back(self, node: Node, given: set[str]) -> None:
        self._promises.withdraw(node.name)
        withdraw_from(node, given)

    def _stop(self) -> None:
        self._server.do(["STOP GROUP_REPLICATION"], seconds=300)

    def _start(self, secrets: Secrets, bootstrap: bool, by: float = math.inf) -> bool:
        """
        Returns when the server is a member, or a member to be; until then its own time-out holds. False where it is later than
        `by` once the server is ready to be told: then nothing was started.
        """
        try:
            with self._server.connect(START) as connection, connection.cursor() as cursor:
                cursor.execute("SET GLOBAL group_replication_group_name = %s", [self.membership.group])
                cursor.execute(f"SET GLOBAL group_replication_bootstrap_group = {'ON' if bootstrap else 'OFF'}")
                if _uptime() > by:
                    return False
                cursor.execute(
                    "START GROUP_REPLICATION USER = 'replication', PASSWORD = %s", [secrets.replication]
                )
                return True
        finally:
            if bootstrap:
                self._server.do(["SET GLOBAL group_replication_bootstrap_group = OFF"])

    def _become(self, membership: Membership) -> None:
        write_membership(membership)
        self.membership = membership


def _held() -> tuple[str, float]:
    return read_promise(files.read(paths.PROMISE), _boot(), _uptime(), time.time())


def _save(candidate: str, until: float) -> None:
    files.write(paths.PROMISE, json.dumps({"to": candidate, "until": until, "boot": _boot()}))


def _uptime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _boot() -> str:
    """Which start of the machine this is."""
    return (files.read("/proc/sys/kernel/random/boot_id") or b"").decode().strip()
