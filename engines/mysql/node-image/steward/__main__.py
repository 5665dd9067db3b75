"""The steward's loop: follow the mounted files, bring the node into the group, answer for it, publish its health."""

import os
import subprocess
import threading
import time
import traceback
from dataclasses import asdict, replace
from typing import Any, Callable, Mapping, Sequence

import pymysql

from portico_node import files, log

from . import bootstraps, certificates, config, health, paths
from .description import DescriptionError, Node, Secrets, read_node, read_secrets
from .formation import Formation
from .handover import HandoverError, end_offline_mode, hand_over
from .install import install
from .responder import Responder
from .roles import ensure_roles
from .server import Server, State

LOOK = 0.5
CONVERGE = 30.0
"""Seconds between two looks of a primary at the users; a change of what is described is seen at once."""
FRESH = 2.0
"""Seconds for which a look at the server counts when HAProxy asks."""


class Steward:
    def __init__(self, node: Node) -> None:
        self.server = Server()
        self.formation = Formation(self.server)
        self._node = node
        self._peer = certificates.PeerCertificate()
        self._seen: tuple[float, State] | None = None
        self._up = False
        # A steward before this one may have ended between the copy and this.
        self._reload = True
        self._online = False
        self._said = ""
        self._step = ""
        self._numbered = ""
        self._converged: tuple[float, Node, Secrets] | None = None
        self._joining: threading.Thread | None = None
        self._joining_failed: Exception | None = None
        self._alarms: list[str] = []

    # What the responder asks for, in threads of its own.

    def report(self) -> Mapping[str, Any]:
        return asdict(self.formation.report(self._fresh()))

    def view(self) -> Sequence[str]:
        state = self._fresh()
        return [member.address for member in state.members] if state is not None and state.active else []

    def promise(self, address: str, asked: Mapping[str, Any]) -> bool:
        try:
            return self.formation.promise(self._node, self.server.state(), address, asked)
        except (OSError, pymysql.Error) as error:
            log.warn(f"promises nothing: {error}")
            return False

    def hand_over(self, address: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if address not in self._node.members.values():
            return {"why": "only a node of the cluster may ask for that"}
        try:
            return {"leads": hand_over(self.server, self._node, read_secrets(), asked.get("to"), self._end_offline_mode)}
        except (HandoverError, DescriptionError) as error:
            return {"why": str(error)}

    def serves(self, role: str) -> bool:
        state = self._fresh()
        return state is not None and health.serves(self._node, state, role)

    def look(self, responder: Responder) -> health.Health:
        """One round. A fault of a round is said once, and the next round tries again."""
        failed = None
        try:
            self._node, secrets = read_node(), read_secrets()
            self._follow_files(responder)
            self._ensure_running()
            state = self._look_at_server()
            if state is not None:
                self._act(secrets, state)
        except (DescriptionError, OSError, subprocess.SubprocessError, pymysql.Error) as error:
            self._say(str(error).strip())
        except Exception as error:  # A fault of ours must not end the loop: whatever it is, the next round tries again.
            failed = error
        found = health.judge(self._node, self._fresh(), self._step)
        found = replace(found, why="; ".join([found.why, *self._alarms]))
        for fault in filter(None, [failed, self._joining_failed]):
            found = health.failing(found, fault)
        return found

    def _follow_files(self, responder: Responder) -> None:
        self._reload |= certificates.install_server_certificate()
        renewed = self._peer.renewed()
        if renewed is not None:
            responder.reload()
            self._peer.use(renewed)
            log.info("the steward uses its new certificate")
        files.write(paths.CONFIG, config.server_config(self._node, self.formation.membership.group))

    def _ensure_running(self) -> None:
        if self._up:
            return
        install()
        subprocess.run(["s6-svc", "-u", paths.SERVICE], check=True)
        self._up = True

    def _look_at_server(self) -> State | None:
        began = time.monotonic()
        try:
            state = self.server.state()
        except pymysql.Error as error:
            self._step = str(error.args[-1])
            return None
        self._seen = (began, state)
        return state

    def _act(self, secrets: Secrets, state: State) -> None:
        self.formation.note(self._node, state)
        if not self._online:
            self._end_offline_mode()
        if self._reload:
            self.server.do(["ALTER INSTANCE RELOAD TLS"])
            self._reload = False
            log.info("MySQL has read its certificate")
        if state.leads and self.formation.may_write(self._node, state):
            self._converge(secrets)
            if state.bootstrap != self._numbered:
                bootstraps.number(self.server, state.bootstrap)
                self._numbered = state.bootstrap
        else:
            # The primary's steward looks after it.
            self._alarms, self._converged = [], None
        node, formation = self._node, self.formation
        if not state.active:
            self._beside(lambda: formation.go_on(node, secrets, state))
        elif state.is_alone(node.majority):
            self._beside(lambda: formation.stand_alone(node))
        elif formation.asks_again():
            self._beside(lambda: formation.stay(node, state))

    def _end_offline_mode(self) -> None:
        """Owed until it is done."""
        self._online = False
        end_offline_mode(self.server)
        self._online = True

    def _beside(self, step: Callable[[], str]) -> None:
        """It may take a minute: meanwhile the loop goes on to answer."""
        if self._joining is None or not self._joining.is_alive():
            self._joining = threading.Thread(target=self._go_on, args=(step,), daemon=True)
            self._joining.start()

    def _go_on(self, step: Callable[[], str]) -> None:
        try:
            done = step()
            self._joining_failed = None
            if done:
                self._say(done)
        except (OSError, pymysql.Error) as error:
            self._joining_failed = None
            self._say(f"can't become a member: {error.args[-1] if error.args else error}")
            # What a failed start leaves behind needs a moment to settle.
            time.sleep(1)
        except Exception as error:  # As above. The loop says it.
            self._joining_failed = error
            time.sleep(1)

    def _converge(self, secrets: Secrets) -> None:
        now = time.monotonic()
        if self._converged is not None:
            at, node, described = self._converged
            if (node, described) == (self._node, secrets) and now - at < CONVERGE:
                return
        alarms = ensure_roles(self.server, self._node, secrets)
        for alarm in alarms:
            if alarm not in self._alarms:
                log.error(alarm, alarm=True)
        self._alarms = alarms
        self._converged = (now, self._node, secrets)

    def _fresh(self) -> State | None:
        if self._seen is None:
            return None
        at, state = self._seen
        return state if time.monotonic() - at < FRESH else None

    def _say(self, step: str) -> None:
        if step != self._said:
            log.info(step)
        self._said = self._step = step


def main() -> None:
    threading.excepthook = _end
    begun: tuple[Steward, Responder] | None = None
    said = ""
    while True:
        try:
            begun = begun or _begin()
            found = begun[0].look(begun[1])
        except (DescriptionError, OSError) as error:
            found = health.Health(False, str(error))
        except Exception as error:  # As in a round.
            found = health.failing(health.Health(False, ""), error)
        said = health.tell(found, said)
        time.sleep(LOOK)


def _begin() -> tuple[Steward, Responder]:
    steward = Steward(read_node())
    responder = Responder(steward)
    responder.start()
    return steward, responder


def _end(failed: threading.ExceptHookArgs) -> None:
    """Nobody would miss a thread that ended. So all of the steward ends, and the supervisor starts it anew."""
    try:
        trace = "".join(traceback.format_exception(failed.exc_value))
        log.error(f"the steward ends and begins again, since a thread of it failed: {failed.exc_value!r}", alarm=True, trace=trace)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
