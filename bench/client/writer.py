"""Writes rows through one address, on a few sessions at a measured pace, and tells what it saw.

Argument: a JSON object with contender, dsn, sessions, paceMs, connectors, connectPaceMs and pauseMs. Half of the load keeps its
sessions, the other half has a new connection for each row. Both are libpq's own, by psycopg2.

stdin, by lines: `start <event>`, `stop`. The end of the input ends the process.
stdout, one JSON array a line: ["ack", worker, id, begun, at, server]
                               ["failed", worker, "connect" | "write", begun, at, SQLSTATE or null, message]
                               ["stopped", [[worker, begun], ...]]   with the attempts that hang still

Times are milliseconds of CLOCK_MONOTONIC, which all processes of a machine share.
"""

import json
import sys
import threading
import time

import psycopg2

from telling import Teller, now

INSERT = "INSERT INTO portico_bench VALUES (%s, %s) RETURNING host(inet_server_addr())"

# A client that hangs keeps nobody else from coming: after this long another one starts in its place.
PATIENCE_S = 3

STOPPED_WITHIN_S = 2


class Worker(threading.Thread):
    """Begins an attempt every `pace` ms, until stopped. `stop` makes it silent at once: what comes later is of no event."""

    def __init__(self, load, event, number, tell):
        super().__init__(daemon=True)
        self.contender, self.dsn, self.pause = load["contender"], load["dsn"], load["pauseMs"]
        self.event, self.number, self.tell = event, number, tell
        self.stop = threading.Event()
        # By row: when the attempts began that have no end yet.
        self.pending = {}

    def set_pace(self, pace, place, peers):
        self.pace = pace
        # Side by side, evenly: as one session that is as many times faster.
        self.due = now() + pace * place / peers

    def run(self):
        count = 0
        while not self.stop.wait(max(0.0, self.due - now()) / 1000):
            count += 1
            self.due = now() + self.pace
            self.attempt(f"{self.event}-{self.number}-{count}")

    def connect(self):
        session = psycopg2.connect(self.dsn, application_name=f"portico_bench/{self.contender}")
        session.autocommit = True
        return session

    def write(self, session, row, begun):
        with session.cursor() as cursor:
            cursor.execute(INSERT, (self.contender, row))
            (server,) = cursor.fetchone()
        self.say("ack", row, begun, now(), server)

    def say(self, kind, *rest):
        if not self.stop.is_set():
            self.tell([kind, self.number, *rest])


class Session(Worker):
    """Keeps its connection as long as it works."""

    session = None
    proved = False

    def attempt(self, row):
        during, begun = "connect", now()
        self.pending[row] = begun
        try:
            if self.session is None:
                self.session, self.proved = self.connect(), False
            during = "write"
            self.write(self.session, row, begun)
            self.proved = True
        except psycopg2.Error as error:
            at = now()
            self.say("failed", during, begun, at, error.pgcode, str(error).strip())
            # A session that worked is opened again at once; who is turned away waits a little.
            worked = during == "write" and self.proved
            self.due = at if worked else at + self.pause
            if self.session is not None:
                self.session.close()
                self.session = None
        del self.pending[row]


class Connector(Worker):
    """Has a new connection for each row."""

    def attempt(self, row):
        self.pending[row] = now()
        client = threading.Thread(target=self.client, args=(row,), daemon=True)
        client.start()
        client.join(PATIENCE_S)

    def client(self, row):
        during, begun = "connect", self.pending[row]
        session = None
        try:
            session = self.connect()
            during = "write"
            self.write(session, row, begun)
        except psycopg2.Error as error:
            at = now()
            self.say("failed", during, begun, at, error.pgcode, str(error).strip())
            self.due = max(self.due, at + self.pause)
        finally:
            if session is not None:
                session.close()
            del self.pending[row]


def workers_of(load, event, tell):
    kinds = ((Session, load["sessions"], load["paceMs"]), (Connector, load["connectors"], load["connectPaceMs"]))
    workers = []
    for kind, peers, pace in kinds:
        for place in range(peers):
            worker = kind(load, event, len(workers), tell)
            worker.set_pace(pace, place, peers)
            workers.append(worker)
    return workers


def main():
    load = json.loads(sys.argv[1])
    tell = Teller()
    workers = []
    for line in sys.stdin:
        command, *rest = line.split()
        if command == "start":
            workers = workers_of(load, int(rest[0]), tell)
            for worker in workers:
                worker.start()
        elif command == "stop":
            tell(["stopped", stopped(workers)])


def stopped(workers):
    """Ends all workers; gives [worker, begun] of each attempt that goes on even so."""
    for worker in workers:
        worker.stop.set()
    until = now() + STOPPED_WITHIN_S * 1000
    while now() < until and any(worker.pending for worker in workers):
        time.sleep(0.02)
    for worker in workers:
        session = getattr(worker, "session", None)
        if session is not None and not worker.pending:
            session.close()
    return [[worker.number, begun] for worker in workers for begun in list(worker.pending.values())]


main()
