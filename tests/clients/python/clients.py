"""Connects with each of Python's clients by the form that a user would paste.

python3 clients.py <check|write> <job.json>

The job: {"clients": {<client>: {<label>: <form>}}, "seconds": <for a check>}. One JSON line a result on stdout. `check` opens each form once, writes
one row and reads it back. `write` writes until stdin ends, by three workers a client, then says what was acknowledged, what
failed when, and which acknowledged rows are missing.
"""

import ast
import asyncio
import json
import sys
import threading
import time
import uuid

WORKERS = 3


def pasted(form, name):
    scope = {}
    exec(form, scope)
    return scope[name]


class Sql:
    """A client of a database with the table `written`."""

    insert = "INSERT INTO written (id) VALUES (%s)"
    select = "SELECT id FROM written WHERE id LIKE %s"
    shared = False

    def open(self, form):
        raise NotImplementedError

    def write(self, session, row):
        with session.cursor() as cursor:
            cursor.execute(self.insert, (row,))

    def read(self, session, start):
        with session.cursor() as cursor:
            cursor.execute(self.select, (start + "%",))
            return [row for (row,) in cursor.fetchall()]

    def close(self, session):
        session.close()


class Psycopg(Sql):
    def open(self, form):
        import psycopg

        return psycopg.connect(form, autocommit=True)


class PsycopgPool(Sql):
    shared = True

    def open(self, form):
        return pasted(form, "pool")

    def write(self, pool, row):
        with pool.connection() as connection:
            connection.execute(self.insert, (row,))

    def read(self, pool, start):
        with pool.connection() as connection:
            return [row for (row,) in connection.execute(self.select, (start + "%",))]


class Alchemy(Sql):
    shared = True

    def open(self, form):
        return pasted(form, "engine")

    def write(self, engine, row):
        with engine.begin() as connection:
            connection.exec_driver_sql(self.insert, (row,))

    def read(self, engine, start):
        with engine.begin() as connection:
            found = connection.exec_driver_sql(self.select, (start + "%",))
            return [row for (row,) in found]

    def close(self, engine):
        engine.dispose()


LOOP = asyncio.new_event_loop()
threading.Thread(target=LOOP.run_forever, daemon=True).start()


def awaited(coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, LOOP).result()


class AsyncAlchemy(Alchemy):
    insert = "INSERT INTO written (id) VALUES ($1)"
    select = "SELECT id FROM written WHERE id LIKE $1"

    def write(self, engine, row):
        async def act():
            async with engine.begin() as connection:
                await connection.exec_driver_sql(self.insert, (row,))

        awaited(act())

    def read(self, engine, start):
        async def act():
            async with engine.begin() as connection:
                found = await connection.exec_driver_sql(self.select, (start + "%",))
                return [row for (row,) in found.fetchall()]

        return awaited(act())

    def close(self, engine):
        awaited(engine.dispose())


class Asyncpg(AsyncAlchemy):
    def open(self, form):
        # With an `await` outside a function, as in a notebook.
        scope = {}
        awaited(eval(compile(form, "form", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), scope))
        return scope["pool"]

    def write(self, pool, row):
        awaited(pool.execute(self.insert, row))

    def read(self, pool, start):
        return [row["id"] for row in awaited(pool.fetch(self.select, start + "%"))]

    def close(self, pool):
        awaited(pool.close())


class PyMysql(Sql):
    def open(self, form):
        connection = pasted(form, "connection")
        connection.autocommit(True)
        return connection


class RedisPy:
    shared = True

    def open(self, form):
        return pasted(form, "client")

    def write(self, client, row):
        client.sadd("written:" + row.split("/")[0], row)

    def read(self, client, start):
        found = client.smembers("written:" + start.split("/")[0])
        return [row.decode() for row in found if row.decode().startswith(start)]

    def close(self, client):
        client.close()


class Celery:
    shared = True

    def open(self, form):
        return pasted(form, "app")

    def write(self, app, row):
        app.send_task("written", args=[row], queue="celery-" + self.label)

    def read(self, app, start):
        from queue import Empty

        rows = []
        with app.connection_for_read() as connection:
            with connection.SimpleQueue("celery-" + self.label) as queue:
                while True:
                    try:
                        message = queue.get(timeout=2)
                    except Empty:
                        return rows
                    message.ack()
                    [row] = message.payload[0]
                    if row.startswith(start):
                        rows.append(row)

    def close(self, app):
        app.close()


class Pika:
    shared = False

    def open(self, form):
        connection = pasted(form, "connection")
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare("pika", durable=True)
        return connection, channel

    def write(self, session, row):
        session[1].basic_publish("", "pika", row.encode(), mandatory=True)

    def read(self, session, start):
        rows = []
        while True:
            method, _, body = session[1].basic_get("pika", auto_ack=True)
            if method is None:
                return rows
            if body.decode().startswith(start):
                rows.append(body.decode())

    def close(self, session):
        session[0].close()


class PyMongo:
    shared = True

    def open(self, form):
        from pymongo import MongoClient

        return MongoClient(form)

    def write(self, client, row):
        client.get_default_database().written.insert_one({"_id": row})

    def read(self, client, start):
        found = client.get_default_database().written.find({})
        return [row["_id"] for row in found if str(row["_id"]).startswith(start)]

    def close(self, client):
        client.close()


class Elastic:
    shared = True

    def open(self, form):
        return pasted(form, "client")

    def write(self, client, row):
        client.index(index="written-py", id=row, body={"row": row})

    def read(self, client, start):
        client.indices.refresh(index="written-py")
        body = {"query": {"match_all": {}}, "size": 10000}
        hits = client.search(index="written-py", body=body)["hits"]["hits"]
        return [hit["_id"] for hit in hits if hit["_id"].startswith(start)]

    def close(self, client):
        client.close()


class Cassandra:
    shared = True

    def open(self, form):
        cluster = pasted(form, "cluster")
        session = cluster.connect()
        session.execute(
            "CREATE KEYSPACE IF NOT EXISTS written WITH replication = "
            "{'class': 'NetworkTopologyStrategy', 'datacenter1': 3}"
        )
        session.execute("CREATE TABLE IF NOT EXISTS written.python (id text PRIMARY KEY)")
        return cluster, session

    def write(self, opened, row):
        self.ask(opened, "INSERT INTO written.python (id) VALUES (%s)", (row,))

    def read(self, opened, start):
        found = self.ask(opened, "SELECT id FROM written.python")
        return [row.id for row in found if row.id.startswith(start)]

    def ask(self, opened, words, values=None):
        """In place of the driver's LOCAL_ONE, by which a row is there once one node has it."""
        from cassandra import ConsistencyLevel
        from cassandra.query import SimpleStatement

        return opened[1].execute(SimpleStatement(words, consistency_level=ConsistencyLevel.LOCAL_QUORUM), values)

    def close(self, opened):
        opened[0].shutdown()


class RethinkDb:
    shared = False

    def open(self, form):
        from rethinkdb import r

        connection = pasted(form, "connection")
        if "python" not in r.table_list().run(connection):
            r.table_create("python").run(connection)
        return connection

    def write(self, connection, row):
        from rethinkdb import r

        r.table("python").insert({"id": row}).run(connection)

    def read(self, connection, start):
        from rethinkdb import r

        found = r.table("python").get_field("id").coerce_to("array").run(connection)
        return [row for row in found if row.startswith(start)]

    def close(self, connection):
        connection.close()


CLIENTS = {
    "psycopg": Psycopg,
    "psycopg-pool": PsycopgPool,
    "sqlalchemy": Alchemy,
    "sqlalchemy-asyncpg": AsyncAlchemy,
    "asyncpg": Asyncpg,
    "redis-py": RedisPy,
    "celery": Celery,
    "pymysql": PyMysql,
    "sqlalchemy-pymysql": Alchemy,
    "pika": Pika,
    "pymongo": PyMongo,
    "elasticsearch-py": Elastic,
    "cassandra-driver-py": Cassandra,
    "rethinkdb-py": RethinkDb,
}

SAYING = threading.Lock()


def say(**line):
    with SAYING:
        print(json.dumps(line), flush=True)


def told(error):
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"[:200]


def now():
    return int(time.time() * 1000)


def adaptor(client):
    made = CLIENTS[client]()
    made.label = client
    return made


def check(client, label, form, seconds):
    tried = threading.Thread(target=open_write_read, args=(client, label, form), daemon=True)
    tried.start()
    tried.join(seconds)
    if tried.is_alive():
        say(client=client, label=label, ok=False, ms=seconds * 1000, error=f"nothing within {seconds} s")


def open_write_read(client, label, form):
    begun = now()
    row = f"{client}/check-{uuid.uuid4()}"
    try:
        kind = adaptor(client)
        session = kind.open(form)
        kind.write(session, row)
        waited = now() - begun
        found = kind.read(session, row)
        say(client=client, label=label, ok=found == [row], ms=waited, error="" if found == [row] else f"read {found}")
        kind.close(session)
    except Exception as error:
        say(client=client, label=label, ok=False, ms=now() - begun, error=told(error))


def write(client, form, ended):
    kind = adaptor(client)
    start = f"{client}/run-{uuid.uuid4().hex[:8]}-"
    acks, errors = [], []
    shared = []
    opening = threading.Lock()

    def session():
        if not kind.shared:
            return kind.open(form)
        with opening:
            if not shared:
                shared.append(kind.open(form))
            return shared[0]

    def work(worker):
        turn = 0
        opened = None
        while not ended.is_set():
            row = f"{start}{worker}-{turn}"
            turn += 1
            begun = now()
            try:
                if opened is None:
                    opened = session()
                kind.write(opened, row)
                acks.append((now(), row))
                if len(acks) == 1:
                    say(client=client, ready=True)
            except Exception as error:
                errors.append((begun, now(), told(error)))
                if not kind.shared:
                    try:
                        kind.close(opened)
                    except Exception:
                        pass
                    opened = None
            time.sleep(0.2)
        return opened

    workers = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(WORKERS)]
    for worker in workers:
        worker.start()
    ended.wait()
    for worker in workers:
        worker.join(timeout=60)
    try:
        found = kind.read(session(), start)
        missing = sorted({row for _, row in acks} - set(found))
        twice = len(found) - len(set(found))
        failed = ""
    except Exception as error:
        missing, twice, failed = [], 0, told(error)
    say(client=client, acks=[at for at, _ in acks], errors=errors, missing=missing, twice=twice, unread=failed)


def main():
    mode, job = sys.argv[1], json.load(open(sys.argv[2]))
    threads = []
    ended = threading.Event()
    for client, forms in job["clients"].items():
        if client not in CLIENTS:
            continue
        if mode == "check":
            for label, form in forms.items():
                threads.append(threading.Thread(target=check, args=(client, label, form, job["seconds"]), daemon=True))
        else:
            threads.append(threading.Thread(target=write, args=(client, forms["right"], ended), daemon=True))
    for thread in threads:
        thread.start()
    if mode == "write":
        sys.stdin.read()
        ended.set()
    for thread in threads:
        thread.join(timeout=job["seconds"] + 120)


main()
