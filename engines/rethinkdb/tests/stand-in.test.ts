import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { performance } from "node:perf_hooks";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { RQuery } from "rethinkdb-ts";
import { r } from "rethinkdb-ts";

import { question, V1_0 } from "../../../proxy-image/src/engines/rethinkdb/handshake.ts";
import { exchange } from "../../../proxy-image/src/observe/source-client.ts";
import { notRefused } from "../../../tests/support/refused.ts";
import { until } from "../../../tests/support/until.ts";
import { scramFor } from "../../common/stand-in/scram.ts";
import type { Env } from "../stand-in/reql.ts";
import { evaluate, Rows } from "../stand-in/reql.ts";
import { serve } from "../stand-in/session.ts";
import { createTables } from "../stand-in/tables.ts";
import { LACKS_THE_RIGHT, NOT_FOR_APPLICATIONS } from "./client.ts";

const LOGIN = { user: "portal", password: "s3cret" };

test("RethinkDB's stand-in ends a connection that doesn't log in, and keeps one that has", async (t) => {
  const login = scramFor(() => ({ [LOGIN.user]: LOGIN.password }));
  const server = createServer((socket) => serve(socket, login(), async () => ({ t: 1, r: [[]] })));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const dial = () => {
    const socket = connect(port, "127.0.0.1");
    t.after(() => socket.destroy());
    return socket;
  };
  t.after(() => server.close());
  const loggedIn = dial();
  const answer = await exchange(loggedIn, question(LOGIN, "a-nonce"), 5_000, () => {});
  assert.equal(answer.kind, "answer");

  const began = performance.now();
  const silent = dial().resume();
  silent.write(V1_0);
  await until("it is ended", 30_000, () => silent.closed);

  assert.ok(performance.now() - began > 8_000, "too early for a slow client");
  await pause(2_000);
  assert.equal(loggedIn.closed, false);
});

test("RethinkDB's stand-in refuses an application what is about the servers, users or other databases, and takes its own data", async () => {
  const env: Env = {
    tables: createTables(),
    database: "chats",
    usual: "chats",
    user: "chats",
    servers: [{ id: "1", name: "chats-1" }],
    newKey: () => "a-key",
  };
  const ask = (query?: RQuery, user = "chats") =>
    evaluate(JSON.parse(query ? r.serialize(query) : "null"), { ...env, user });
  const attempt = async (what: string) => ask(NOT_FOR_APPLICATIONS[what]);
  const attempts = Object.keys(NOT_FOR_APPLICATIONS);
  assert.deepEqual(await notRefused(attempts, attempt, LACKS_THE_RIGHT), []);

  ask(r.tableCreate("written"));
  ask(r.table("written").insert({ id: "a" }));
  const found = ask(r.table("written"));
  assert.ok(found instanceof Rows);
  assert.deepEqual(found.documents, [{ id: "a" }]);
  const status = r.db("rethinkdb").table("server_status");
  assert.ok(ask(status, "portal") instanceof Rows);
  assert.throws(() => ask(r.table("written"), "portal"), LACKS_THE_RIGHT);
});
