"""What the steward of one engine does about faults that nobody foresaw: `stewards.py redis/steward`. Its own code is real, in a process of its
own; stand-ins are the clients of its server alone. /run is a small disk, which is filled for real."""

import importlib
import io
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import types
import unittest
from contextlib import redirect_stdout, suppress

PACKAGE = sys.argv.pop(1)
ENGINE, CODE = PACKAGE.split("/")
CLIENTS = (
    "redis redis.backoff redis.retry pymysql psycopg2 psycopg2.extensions psycopg2.sql yaml"
    " cassandra cassandra.auth cassandra.cluster cassandra.policies"
)
DEADLINE = 20
FULL = "/run/full"


class Unforeseen(Exception):
    """No code knows it."""


class Names(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class Client(types.ModuleType):
    """Whatever is asked of it is a class that can be raised."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        made = Names(name, (Exception,), {})
        setattr(self, name, made)
        return made


sys.modules.update({name: Client(name) for name in CLIENTS.split()})
sys.path[:0] = ["/engines/common/node-image", f"/engines/{ENGINE}/node-image"]


def of(name):
    return importlib.import_module(f"{CODE}.{name}")


main = of("__main__")
paths = of("paths")
paths.HEALTH = "/run/health"


class Output(io.StringIO):
    def alarms(self):
        lines = [json.loads(line) for line in self.getvalue().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("alarm")]


def until(what, is_so):
    end = time.monotonic() + DEADLINE
    while not (found := is_so()):
        if time.monotonic() > end:
            raise AssertionError(f"never: {what}; the log:\n{sys.stdout.getvalue() if isinstance(sys.stdout, Output) else ''}")
        time.sleep(0.02)
    return found


def verdict():
    try:
        with open(paths.HEALTH, encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""


def fill():
    with open(FULL, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 512)
        except OSError:
            pass


def fails(*_args):
    raise Unforeseen("as it happens")


class Case(unittest.TestCase):
    def setUp(self):
        self.said = Output()
        redirect = redirect_stdout(self.said)
        redirect.__enter__()
        self.addCleanup(redirect.__exit__, None, None, None)
        if os.path.exists(paths.HEALTH):
            os.remove(paths.HEALTH)

    def replace(self, module, **new):
        for name, value in new.items():
            self.addCleanup(setattr, module, name, getattr(module, name))
            setattr(module, name, value)

    def run_loop(self, look):
        """The steward's own, which asks `look` what is mounted, until the test ends."""
        over = threading.Event()

        def guarded():
            if over.is_set():
                raise SystemExit
            return look()

        def run():
            with suppress(SystemExit):
                main.main()

        self.replace(main, read_node=guarded)
        loop = threading.Thread(target=run, daemon=True)
        loop.start()
        self.addCleanup(lambda: (over.set(), loop.join(DEADLINE)))

    def assert_alarm(self, words):
        [alarm] = [alarm for alarm in self.said.alarms() if words in alarm["msg"]]
        self.assertEqual(alarm["level"], "error")
        return alarm


class Rounds(Case):
    def test_the_loop_survives_faults_and_a_full_disk_says_so_once_and_no_verdict_is_prolonged(self):
        rounds = []

        def look():
            rounds.append(time.monotonic())
            fails()

        self.run_loop(prepared(self, look))
        until("a fourth round after a fault", lambda: len(rounds) > 3)
        self.assertIn("Unforeseen", self.assert_alarm("the steward fails: Unforeseen")["trace"])
        self.assertRegex(until("a verdict", verdict), r"^\d+ unhealthy .*the steward fails: Unforeseen")

        fill()
        # A round may have written its verdict to the end before the disk was full.
        until("an alarm of a full disk", lambda: any("published" in alarm["msg"] for alarm in self.said.alarms()))
        before = verdict()
        begun = len(rounds)
        until("a fourth round on a full disk", lambda: len(rounds) > begun + 3)
        self.assertEqual(verdict(), before)
        self.assertIn("its health can't be published: OSError(28", self.assert_alarm("published")["msg"])

        os.remove(FULL)
        until("the next verdict", lambda: verdict() not in ("", before))
        pace = [later - sooner for sooner, later in zip(rounds, rounds[1:])]
        self.assertGreater(min(pace), 0.05)


def prepared(case, look):
    """What the loop needs to come as far as that."""
    if ENGINE == "mysql":
        described = iter([described_mysql()])
        case.replace(main, Responder=fake)
        return lambda: next(described, None) or look()
    if ENGINE == "scylladb":
        server = subprocess.Popen(["sleep", "600"])
        case.addCleanup(server.wait)
        case.addCleanup(server.kill)
        case.replace(paths, LOCK="/tmp/lock")
        case.replace(main, start=lambda: server, EVERY=0.2)
        case.replace(main.signal, signal=fake)
    return look


def fake(*_args):
    """Stands for anything that does nothing, and gives nothing."""
    return types.SimpleNamespace(**{name: lambda *_: None for name in ("start", "give", "differ")})


def described_mysql():
    members = {"a": "127.0.0.1", "b": "127.0.0.2", "c": "127.0.0.3"}
    return types.SimpleNamespace(name="a", address="127.0.0.1", members=members, majority=2)


class Redis(Case):
    NODE = types.SimpleNamespace(name="a", address="at-a", scope="orders", members={"a": "at-a", "b": "at-b"})

    def listen(self, messages, answer="OK"):
        """Hears `messages` from one Sentinel, a list for each subscription. Gives what the own server was told, and what is said of it."""
        signs, told = of("signs"), []
        subscriptions = iter(messages)

        class Connection:
            def __init__(self, address, port, *_args):
                self.address = address

            def pubsub(self, **_options):
                self.messages = iter(next(subscriptions, []) if self.address == "at-b" else [])
                return self

            def psubscribe(self, *_signs):
                pass

            def ping(self):
                pass

            def get_message(self, timeout):
                message = next(self.messages, None)
                if message is None:
                    time.sleep(0.05)
                return message

            def execute_command(self, *words):
                if words == ("ROLE",):
                    return ["master"]
                told.append(words)
                if answer is None:
                    raise signs.redis.RedisError()
                return answer

        self.replace(signs, client=Connection)
        stopped = threading.Event()
        self.addCleanup(stopped.set)
        return told, signs.listen(self.NODE, None, stopped, lambda: told.append("wakes"))

    SIGN = {"channel": "+try-failover", "data": "master orders at-a 6379"}
    ODD = {"channel": "+try-failover", "data": None}

    def test_a_leader_that_could_not_read_a_sign_listens_again_and_stops_writes_in_the_next_failover(self):
        told, deaf = self.listen([[self.ODD], [self.SIGN]])
        until("the end of writes", lambda: ("CLIENT", "PAUSE", 5000, "WRITE") in told)
        until("its wake", lambda: "wakes" in told)
        self.assertIn("AttributeError", self.assert_alarm("doesn't hear the Sentinel of b: AttributeError")["trace"])
        until("that it hears again", lambda: deaf == {})

    def test_one_that_never_reads_a_sign_says_so_once_and_is_not_healthy(self):
        _, deaf = self.listen([[self.ODD]] * 3)
        until("why it hears nothing", lambda: "AttributeError" in deaf.get("b", ""))
        time.sleep(0.7)
        self.assert_alarm("doesn't hear the Sentinel of b")

    def test_that_writes_could_not_be_stopped_is_an_alarm(self):
        told, _ = self.listen([[self.SIGN]], answer=None)
        until("the try", lambda: "wakes" in told)
        self.assert_alarm("this server takes writes meanwhile")

    def test_what_is_not_heard_makes_the_node_unhealthy(self):
        class Steward:
            def __init__(self, *_args):
                pass

            def look(self):
                return None, main.Stay("nothing to do")

            def deaf(self):
                return ["doesn't hear the Sentinel of b"]

        self.replace(main, Steward=Steward, Sentinel=fake, Passwords=fake, _start=fake, _concerns_sentinel=fake)
        self.replace(main, read_secrets=lambda: 2)
        self.replace(main.health, judge=lambda _scene: main.health.Health(True, "leads"))
        self.run_loop(lambda: 1)
        self.assertRegex(until("a verdict", verdict), r"^\d+ unhealthy leads; doesn't hear the Sentinel of b; nothing to do")

    def test_a_thread_that_ends_ends_the_steward_which_the_supervisor_starts_anew(self):
        codes = []
        self.replace(os, _exit=codes.append)
        self.run_loop(fails)
        until("a verdict", verdict)
        threading.Thread(target=fails).start()
        self.assertEqual(until("its end", lambda: codes), [1])
        self.assert_alarm("a thread of it failed: Unforeseen")


class MySQL(Case):
    MEMBER = types.SimpleNamespace(leads=False, active=True, is_alone=lambda _majority: False)

    def steward(self):
        self.replace(main, read_node=described_mysql)
        return main.Steward(described_mysql())

    def test_what_the_steward_does_beside_its_rounds_fails_with_an_alarm_and_is_tried_again(self):
        steward = self.steward()
        steward._beside(fails)
        until("its failure", lambda: steward._joining_failed)
        found = steward.look(None)
        main.health.tell(found, "")
        self.assertFalse(found.healthy)
        self.assertIn("in _go_on", self.assert_alarm("the steward fails: Unforeseen")["trace"])
        until("its next try", lambda: not steward._joining.is_alive())
        steward._beside(lambda: "joins the group")
        until("its success", lambda: "joins the group" in self.said.getvalue())
        self.assertNotIn("Unforeseen", steward.look(None).why)

    def test_a_step_beside_the_rounds_that_failed_is_over_once_the_node_is_a_member_or_has_failed_in_a_known_way(self):
        steward = self.steward()
        steward.formation.note = lambda *_args: None
        steward._online, steward._reload = True, False
        steward.formation.stay = lambda *_args: ""
        steward._joining_failed = Unforeseen()
        steward._act(None, self.MEMBER)
        until("its end", lambda: steward._joining_failed is None)

        steward.formation.stay = fails
        until("its failure", lambda: steward._act(None, self.MEMBER) or steward._joining_failed)

        steward._joining_failed = Unforeseen()
        self.replace(main.time, sleep=fake)
        steward._go_on(refuses)
        self.assertIsNone(steward._joining_failed)

    def test_a_responder_that_ends_ends_the_steward_which_the_supervisor_starts_anew(self):
        responder = of("responder")
        self.replace(responder, _context=lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        self.replace(responder._Server, get_request=fails)
        codes = []
        self.replace(os, _exit=codes.append)
        self.run_loop(described_mysql)
        until("a responder", connects)
        self.assertEqual(until("its end", lambda: codes), [1])
        self.assert_alarm("a thread of it failed: Unforeseen")

    def test_a_question_that_has_no_answer_by_a_fault_of_ours_is_an_alarm_and_one_that_is_broken_off_is_not(self):
        responder = of("responder")
        self.replace(responder, _context=lambda: None)
        self.replace(paths, STEWARD_PORT=0)
        server = responder._Server(None, lambda *_args: None)
        self.addCleanup(server.server_close)
        for error in (ConnectionResetError, Unforeseen, Unforeseen):
            try:
                raise error("of a test")
            except Exception:
                server.handle_error(None, ("10.0.0.2", 1))
        self.assertIn("Unforeseen", self.assert_alarm("gives 10.0.0.2 no answer: Unforeseen")["trace"])

    def test_an_offline_mode_that_could_not_be_ended_after_a_handover_is_ended_in_the_next_round(self):
        handover, steward, done = of("handover"), self.steward(), []
        pymysql = sys.modules["pymysql"]

        class Connection:
            def __enter__(self):
                return self

            def __exit__(self, *_args):
                pass

            def cursor(self):
                return self

            def execute(self, statement, *_values):
                self.answer = (0,) if "innodb_trx" in statement else (1,)

            def fetchone(self):
                return self.answer

            def __iter__(self):
                return iter([("127.0.0.2", "id-of-b")])

        def do(statements):
            done.extend(statements)
            if len(done) == 1:
                raise pymysql.Error("lost")

        self.replace(handover, NOTICE=0)
        self.replace(main, read_secrets=lambda: types.SimpleNamespace(portal="p"))
        steward.server.connect, steward.server.do = lambda _seconds: Connection(), do
        steward._online, steward._reload = True, False
        self.assertEqual(steward.hand_over("127.0.0.1", {"to": "b"}), {"leads": "b"})
        steward.formation.note = lambda *_args: None
        steward._act(None, self.MEMBER)
        self.assertEqual(done, ["SET GLOBAL offline_mode = OFF"] * 2)
        steward._act(None, self.MEMBER)
        self.assertEqual(len(done), 2)


def refuses():
    raise ConnectionRefusedError("as it happens")


def connects():
    try:
        socket.create_connection(("127.0.0.1", paths.STEWARD_PORT), 1).close()
        return True
    except OSError:
        return False


class PostgreSQL(Case):
    def test_a_fault_of_one_step_holds_up_no_other_and_the_node_is_not_healthy(self):
        described = types.SimpleNamespace(durability="quorum")
        self.replace(main, read_node=lambda: described, read_secrets=lambda: described, _give_etcd=fails)
        self.replace(main.health, observe=lambda _durability: main.health.Health(True, "leads", leads=True))
        steward, done = main.Steward(), []
        steward._follow_files = lambda *_args: done.append("files")
        steward._converge = lambda *_args: done.append("cluster")
        said = ""
        for _ in range(2):
            said = main.health.tell(steward.look(False), said)
        self.assertEqual(done, ["files", "cluster"] * 2)
        self.assertRegex(verdict(), r"^\d+ unhealthy leads; the steward fails: Unforeseen")
        self.assertIn("in _try", self.assert_alarm("the steward fails: Unforeseen")["trace"])

    def test_a_restart_that_is_due_is_told_with_a_command_that_asks_nothing(self):
        status = {"role": "primary", "state": "running", "pending_restart": True}
        self.assertIn("(patronictl restart --pending --force ", main.health.judge(True, status, "async").why)

    def test_a_file_that_holds_no_number_of_a_process_is_no_postmaster(self):
        self.replace(paths, PGDATA="/tmp")
        for content in ("9" * 30, "9" * 5000):
            with open("/tmp/postmaster.pid", "w", encoding="ascii") as file:
                file.write(content)
            self.assertIs(main.postmaster.ends_within(0.01), False)


class ScyllaDB(Case):
    def test_a_session_that_failed_in_any_way_is_made_anew(self):
        closed, logins = [], [fails, lambda: ["another"]]

        class Login:
            def __init__(self, *_args):
                self.peers = logins.pop(0)

            def close(self):
                closed.append(self)
                raise Unforeseen("nor does it close")

        self.replace(of("cql"), Login=Login)
        steward = main.Steward()
        node = types.SimpleNamespace(address="at-a")
        secrets = types.SimpleNamespace(portal="p")
        self.assertRaises(Unforeseen, steward._peers, node, secrets)
        self.assertEqual(steward._peers(node, secrets), 1)
        self.assertEqual(len(closed), 1)

    def test_a_start_that_fails_is_an_alarm(self):
        self.replace(paths, LOCK="/tmp/lock-of-a-start")
        self.replace(main, start=fails)
        self.assertRaises(SystemExit, main.main)
        self.assert_alarm("Cassandra is not started: Unforeseen")


class Followers(Case):
    def test_a_follower_of_what_is_mounted_survives_a_fault_and_says_so_once(self):
        looks = []

        def look():
            looks.append(time.monotonic())
            return fails()

        self.replace(main, read_node=look, EVERY=0.1)
        if ENGINE == "elasticsearch":
            self.replace(main.certificates, follow=lambda refused: refused)
        threading.Thread(target=main.follow, args=({},) if ENGINE == "rabbitmq" else (), daemon=True).start()
        until("a fourth look", lambda: len(looks) > 3)
        self.assertIn("Unforeseen", self.assert_alarm("what is mounted can't be followed: Unforeseen")["trace"])


TESTS = {
    "redis": [Redis, Rounds],
    "mysql": [MySQL, Rounds],
    "postgresql": [PostgreSQL, Rounds],
    "scylladb": [ScyllaDB, Rounds],
    "rabbitmq": [Followers],
    "elasticsearch": [Followers],
}


def load_tests(loader, _found, _pattern):
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in TESTS[ENGINE])


if __name__ == "__main__":
    unittest.main(verbosity=2)
