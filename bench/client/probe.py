"""Asks every node itself, past every proxy, who accepts writes, and who is connected to the old leader.

Argument: a JSON object with dsn (without host) and addresses. stdin, by lines: `watch <address of the leader>`, `stop`.
stdout, one JSON array a line: ["watching"]                       every node answers
                               ["gone", at]                       the leader's process closed the connection
                               ["accepts", address, promoted, at] recovery had ended, and a row was acknowledged
                               ["sessions", at, {contender: n}]   on the old leader, each 100 ms from 100 ms after "accepts"
                               ["stopped"]

Times are milliseconds of CLOCK_MONOTONIC, which all processes of a machine share.
"""

import json
import select
import sys
import threading
import time

import psycopg2

from telling import Teller, now

EVERY_MS = 2
SESSIONS = """
SELECT split_part(application_name, '/', 2), count(*) FROM pg_stat_activity
WHERE application_name LIKE 'portico_bench/%' AND application_name NOT LIKE '%/probe' GROUP BY 1
"""


class Watch:
    def __init__(self, dsn, addresses, leader, tell):
        self.dsn, self.leader, self.tell = dsn, leader, tell
        self.ready = threading.Barrier(len(addresses) + 1)
        self.stop = threading.Event()
        self.accepted = threading.Event()
        for address in addresses:
            target = self.outlive if address == leader else self.await_writes
            threading.Thread(target=target, args=(address,), daemon=True).start()
        self.ready.wait(20)
        tell(["watching"])

    def connect(self, address):
        """A session with the node at `address`, or None when the watch was stopped before it answered."""
        while not self.stop.is_set():
            try:
                session = psycopg2.connect(
                    self.dsn, host=address, connect_timeout=2, application_name="portico_bench/probe"
                )
                session.autocommit = True
                return session
            except psycopg2.Error:
                self.stop.wait(0.05)

    def await_writes(self, address):
        session = self.connect(address)
        self.ready.wait(20)
        while session is not None and not self.stop.is_set():
            begun = now()
            try:
                if not ask(session, "SELECT pg_is_in_recovery()")[0][0]:
                    promoted = now()
                    ask(session, "INSERT INTO portico_bench VALUES ('probe', %s) RETURNING id", (str(promoted),))
                    self.tell(["accepts", address, promoted, now()])
                    self.accepted.set()
                    return
            except psycopg2.Error:
                session = self.connect(address)
            time.sleep(max(0.0, begun + EVERY_MS - now()) / 1000)

    def outlive(self, address):
        session = self.connect(address)
        self.ready.wait(20)
        while session is not None and not self.stop.is_set():
            if select.select([session], [], [], 0.1)[0]:
                self.tell(["gone", now()])
                break
        self.count(address)

    def count(self, address):
        self.accepted.wait()
        self.stop.wait(0.1)
        session = None
        while not self.stop.is_set():
            try:
                session = session or self.connect(address)
                if session is not None:
                    self.tell(["sessions", now(), dict(ask(session, SESSIONS))])
            except psycopg2.Error:
                session = None
            self.stop.wait(0.1)

    def end(self):
        self.stop.set()
        self.accepted.set()


def ask(session, statement, values=None):
    with session.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def main():
    settings = json.loads(sys.argv[1])
    tell = Teller()
    watch = None
    for line in sys.stdin:
        command, *rest = line.split()
        if command == "watch":
            watch = Watch(settings["dsn"], settings["addresses"], rest[0], tell)
        elif command == "stop" and watch is not None:
            watch.end()
            tell(["stopped"])


main()
