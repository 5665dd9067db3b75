import assert from "node:assert/strict";
import { test } from "node:test";
import type { Document } from "bson";
import { scramFor } from "../../common/stand-in/scram.ts";
import { answer, type Server } from "../stand-in/commands.ts";
import { allowedToApplications } from "./client.ts";

test("MongoDB's stand-in refuses an application what is about the servers, users or other databases, and takes its own data", async () => {
  const log: object[] = [];
  const server: Server = {
    set: "carts",
    database: "carts",
    hosts: { "carts-1": "192.0.2.1:27017" },
    me: "carts-1",
    scram: scramFor(() => ({})),
    quorum: {
      state: () => ({ term: 1, leads: true, leader: "carts-1" }),
      append: async (value) => {
        log.push(value as object);
      },
      committed: () => log,
    },
    topology: { counter: () => 1, changed: () => new Promise(() => {}) },
  };
  const ask = (command: Document, $db = "carts", loggedIn = true) =>
    answer(server, { loggedIn }, { ...command, $db });
  const asDriver = async (db: string | undefined, command: Document) => {
    const { ok, errmsg, code } = await ask(command, db);
    if (ok !== 1) throw new Error(code === 13 ? errmsg : `${code}: ${errmsg}`);
  };
  assert.deepEqual(await allowedToApplications(asDriver), []);

  const documents = [{ _id: "a" }];
  assert.equal((await ask({ insert: "written", documents })).n, 1);
  assert.deepEqual((await ask({ find: "written" })).cursor.firstBatch, documents);
  assert.equal((await ask({ find: "written" }, "carts", false)).code, 13);
  assert.deepEqual(log, [{ collection: "written", documents }]);
});
