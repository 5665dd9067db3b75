import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";

import type { ProbeResult } from "../../../../proxy-image/src/engines/postgresql/port-watch.ts";
import {
  decodeNegotiation,
  holdConnection,
  probePort,
  watchPort,
} from "../../../../proxy-image/src/engines/postgresql/port-watch.ts";
import { until } from "../../../../tests/observe/support/until.ts";
import { stopwatch } from "../../../../tests/support/stopwatch.ts";
import type { PostgresqlStandIn } from "./postgresql-stand-in.ts";
import { startPostgresql } from "./postgresql-stand-in.ts";

async function start(t: TestContext) {
  const postgresql = await startPostgresql();
  t.after(() => postgresql.stop());
  return { postgresql, address: { address: "127.0.0.1", port: postgresql.port } };
}

const close = ({ connections }: PostgresqlStandIn): void => {
  for (const socket of connections) socket.destroy();
};

test("a port answers with one byte, whatever the server's state", async (t) => {
  const { address } = await start(t);

  assert.deepEqual(await probePort(address, 1000), { kind: "answer", answer: { kind: "open" } });
});

test("a frozen node, whose kernel still accepts, is silent", async (t) => {
  const { postgresql, address } = await start(t);
  postgresql.says = "";

  assert.deepEqual(await probePort(address, 100), {
    kind: "silent",
    why: "gives no answer in 100 ms",
  });
});

test("a port that nobody listens on is closed", async (t) => {
  const { postgresql, address } = await start(t);
  await postgresql.stop();

  assert.deepEqual(await probePort(address, 1000), { kind: "closed", why: "refuses connections" });
});

test("another server on the port is not PostgreSQL", async (t) => {
  const { postgresql, address } = await start(t);
  postgresql.says = "SSH-2.0-OpenSSH\r\n";

  const probed = await probePort(address, 1000);

  assert.ok(probed.kind === "answer" && probed.answer.kind === "other");
});

test("a death closes the held connection, which is told at once, and it is held anew", async (t) => {
  const { postgresql, address } = await start(t);
  const reported: string[] = [];
  const held = holdConnection({
    ...address,
    mayHold: () => true,
    onClosed: (why) => reported.push(why),
  });
  t.after(() => held.stop());
  await until("it is held", () => postgresql.connections.size === 1);

  const sinceDeath = stopwatch();
  close(postgresql);
  await until("it is told", () => reported.length === 1);

  assert.ok(sinceDeath() < 100, `${sinceDeath()} ms`);
  await until("it is held anew", () => postgresql.connections.size === 1);
});

test("nothing is held while the server may be shutting down: it would wait for it", async (t) => {
  const { postgresql, address } = await start(t);
  let up = true;
  let asked = 0;
  const reported: string[] = [];
  const mayHold = () => {
    asked += 1;
    return up;
  };
  const held = holdConnection({ ...address, mayHold, onClosed: (why) => reported.push(why) });
  t.after(() => held.stop());
  await until("it is held", () => postgresql.connections.size === 1);

  up = false;
  close(postgresql);
  await until("it was asked again", () => reported.length === 1 && asked >= 3);
  assert.equal(postgresql.connections.size, 0);
  up = true;
  await until("it is held anew", () => postgresql.connections.size === 1);
});

test("renewing the held connection tells nothing, and leaves no moment without one", async (t) => {
  const { postgresql, address } = await start(t);
  const reported: string[] = [];
  const held = holdConnection({
    ...address,
    mayHold: () => true,
    onClosed: (why) => reported.push(why),
    renewMs: 30,
  });
  t.after(() => held.stop());
  const seen = new Set<unknown>();
  let least = 1;
  await until("it was renewed five times", () => {
    if (seen.size > 0) least = Math.min(least, postgresql.connections.size);
    for (const socket of postgresql.connections) seen.add(socket);
    return seen.size > 5;
  });

  assert.deepEqual(reported, []);
  assert.equal(least, 1);
});

test("the port is probed only while there is doubt, and silence takes two misses", async (t) => {
  const { postgresql, address } = await start(t);
  let isSuspect = false;
  const found: ProbeResult["kind"][] = [];
  const watch = watchPort({
    ...address,
    isSuspect: () => isSuspect,
    mayHold: () => true,
    onClosed: () => {},
    onProbed: (kind) => found.push(kind),
  });
  t.after(() => watch.stop());

  watch.check();
  isSuspect = true;
  watch.check();
  await until("it is found open", () => found.length === 1);
  postgresql.says = "";
  await until("it is found silent", () => found.at(-1) === "silent");
  isSuspect = false;

  assert.ok(
    found.slice(0, -1).every((kind) => kind === "open"),
    found.join(" "),
  );
});

test("nothing yet is no answer", () => {
  assert.equal(decodeNegotiation(Buffer.alloc(0)), undefined);
});

test("each first byte means one thing, whatever follows", () => {
  for (let first = 0; first < 256; first++) {
    const expected = "GNE".includes(String.fromCharCode(first)) ? "open" : "other";
    assert.equal(decodeNegotiation(Buffer.from([first]))?.kind, expected);
    assert.equal(decodeNegotiation(Buffer.from([first, 0, 255]))?.kind, expected);
  }
});
