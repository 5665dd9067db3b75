import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { createRestClient } from "../../../../proxy-image/src/engines/postgresql/rest-client.ts";
import { credentialsOf } from "../../../../proxy-image/src/observe/observer.ts";
import { portalOf } from "../../../../tests/observe/support/portal.ts";
import { until } from "../../../../tests/observe/support/until.ts";
import { Authority } from "../../../../tests/support/authority.ts";
import { stopwatch } from "../../../../tests/support/stopwatch.ts";
import { leading, startPatroni } from "./patroni-stand-in.ts";

const authority = await Authority.create();
const credentials = credentialsOf(await portalOf(authority), "TLSv1.2");

async function start(t: TestContext, name = "a") {
  const patroni = await startPatroni(authority, "a");
  patroni.status = leading("a");
  let dropped = 0;
  const { port } = patroni;
  const target = { name, address: "127.0.0.1", port, credentials };
  const client = createRestClient({ ...target, onDropped: () => dropped++ });
  t.after(async () => {
    client.stop();
    await patroni.stop();
  });
  return { patroni, client: client, dropped: () => dropped };
}

test("a question is answered, and the next connection is already made", async (t) => {
  const { patroni, client } = await start(t);

  const first = await client.ask(2000);
  await until("a connection waits", () => patroni.waiting.size === 1);
  const second = await client.ask(2000);

  assert.ok(first.kind === "answer" && first.answer.kind === "status", JSON.stringify(first));
  assert.equal(first.answer.status.name, "a");
  assert.equal(second.kind, "answer");
});

test("handshakes after the first resume its session", async (t) => {
  const { patroni, client } = await start(t);

  for (let question = 0; question < 5; question++) await client.ask(2000);

  assert.equal(patroni.handshakes.resumed, patroni.handshakes.all - 1);
});

test("as many connections wait as are asked for, and no more", async (t) => {
  const { patroni, client } = await start(t);
  client.setDepth(3);

  const answers = await Promise.all([client.ask(2000), client.ask(2000), client.ask(2000)]);

  assert.deepEqual(
    answers.map(({ kind }) => kind),
    ["answer", "answer", "answer"],
  );
  await until("three connections wait", () => patroni.waiting.size === 3);
  assert.equal(patroni.handshakes.all, 6);
});

for (const mood of ["silent", "drips"] as const) {
  test(`a node that ${mood === "silent" ? "hangs" : "drips bytes"} is silent within the deadline`, async (t) => {
    const { patroni, client } = await start(t);
    patroni.mood = mood;
    const ran = stopwatch();
    const started = performance.now();

    const answer = await client.ask(200);

    const took = performance.now() - started;
    assert.equal(answer.kind, "silent");
    assert.ok(took >= 190 && ran() < 400, `took ${took} ms, ran for ${ran()}`);
  });
}

test("a node without Patroni is closed at once", async (t) => {
  const { patroni, client } = await start(t);
  await patroni.stop();

  assert.deepEqual(await client.ask(2000), { kind: "closed", why: "refuses connections" });
});

test("a connection that waited and is closed by the node is a sign", async (t) => {
  const { patroni, client, dropped } = await start(t);
  await client.ask(2000);
  await until("a connection waits", () => patroni.waiting.size === 1);

  for (const socket of patroni.waiting) socket.destroy();

  await until("it is told", () => dropped() === 1);
  assert.equal((await client.ask(2000)).kind, "answer");
});

test("another node's certificate is not believed", async (t) => {
  const { client } = await start(t, "b");

  const answer = await client.ask(2000);

  assert.ok(answer.kind === "closed", JSON.stringify(answer));
  assert.match(answer.why, /altnames/);
});

test("an authority that is not the deployment's is not believed", async (t) => {
  const { client } = await start(t);
  client.refresh(credentialsOf(await portalOf(await Authority.create()), "TLSv1.2"));

  assert.equal((await client.ask(2000)).kind, "closed");
});

test("a certificate that can't be read is told, and nothing is asked", async (t) => {
  const { client } = await start(t);
  client.refresh(credentialsOf({ ca: "", cert: "no", key: "no", logins: {} }));

  const answer = await client.ask(2000);

  assert.ok(answer.kind === "closed");
  assert.match(answer.why, /^the portal's certificate can't be used/);
});

test("a node that leaves connections open is asked over one, again and again", async (t) => {
  const { patroni, client, dropped } = await start(t);
  patroni.keeps = true;
  await client.ask(2000);
  await until(
    "one connection is left",
    () => patroni.handshakes.all > 1 && patroni.waiting.size === 1,
  );
  const { all } = patroni.handshakes;

  for (let question = 0; question < 20; question++)
    assert.equal((await client.ask(2000)).kind, "answer");

  assert.equal(patroni.handshakes.all, all);
  for (const socket of patroni.waiting) socket.destroy();
  await until("its end is told", () => dropped() === 1);
  assert.equal((await client.ask(2000)).kind, "answer");
});

test("a node that no longer leaves connections open is asked as ever", async (t) => {
  const { patroni, client } = await start(t);
  patroni.keeps = true;
  await client.ask(2000);
  await until(
    "one connection is left",
    () => patroni.handshakes.all > 1 && patroni.waiting.size === 1,
  );
  patroni.keeps = false;

  const answers: string[] = [];
  for (let question = 0; question < 10; question++) {
    answers.push((await client.ask(2000)).kind);
    await pause(50);
  }

  assert.deepEqual(new Set(answers.slice(2)), new Set(["answer"]), answers.join());
});
