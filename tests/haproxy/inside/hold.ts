import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createHaproxy } from "../../../proxy-image/src/apply/haproxy.ts";
import { createHolds } from "../../../proxy-image/src/apply/hold.ts";
import { resumeAccepting } from "../../../proxy-image/src/apply/runtime-commands.ts";
import { sendOnce } from "../../../proxy-image/src/apply/runtime-socket.ts";
import type { Wanted } from "../../../proxy-image/src/model/haproxy.ts";
import { crowdOf, frontendOf, lobbyOf } from "../../../proxy-image/src/plan/names.ts";
import { plan } from "../../../proxy-image/src/plan/plan.ts";
import { until } from "../../support/until.ts";
import { createLab, held, openClient, openTlsClient, stops, wantedOf } from "../lab.ts";

const STOPS = stops(crowdOf("primary"), frontendOf("primary"));
const STOPS_BEHIND_TLS = stops(crowdOf("primary"), lobbyOf("primary"));

test("a hold refuses nobody: every client that came meanwhile is served after the switch", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1").add("primary/orders-2");
  await lab.settle(wantedOf("orders-1"));
  const before = openClient(lab.port("primary"));
  await before.node;

  await lab.apply(held(wantedOf("orders-1")));
  const parked = Array.from({ length: 60 }, () => openClient(lab.port("primary")));
  await Promise.all(
    parked.map(({ socket }) => new Promise((resolve) => socket.once("connect", resolve))),
  );
  await pause(150);
  assert.equal(lab.sessionsOn("orders-1"), 1, "a parked client reached the old leader");
  assert.ok(before.live(), "a hold ended a session");

  await lab.apply(wantedOf("orders-2"));
  const nodes = await Promise.all(parked.map(({ node }) => node));
  assert.deepEqual(new Set(nodes), new Set(["orders-2"]));
  await before.ended;
  for (const { socket } of parked) socket.destroy();
});

test("a hold ends by itself when the agent freezes", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  // A frozen agent keeps its connection open and never says another word.
  const holds = createHolds(lab.adminSocket, () => {}, { lastsMs: 2_000, renewMs: 1_000 });
  t.after(() => holds.close());
  holds.start("primary", STOPS);
  const frontend = async () => (await lab.actual()).endpoints.primary?.frontend;
  await until("the endpoint is held", 10_000, async () => (await frontend()) !== "accepting");

  const parked = openClient(lab.port("primary"));

  assert.equal(await parked.node, "orders-1");
  assert.equal(await frontend(), "accepting");
  parked.socket.destroy();
});

test("an agent that freezes while it releases a hold leaves no door closed", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1").add("primary/orders-2");
  await lab.settle(wantedOf("orders-1"));
  // What is said on the way to the release comes through, the release itself doesn't.
  const way = join(lab.folder, "way.sock");
  const server = createServer((from) => {
    const to = connect({ path: lab.adminSocket });
    for (const socket of [from, to]) socket.on("error", () => {});
    from.on("data", (line) => {
      if (line.includes("wait ") || !line.includes("set maxconn")) to.write(line);
    });
    from.on("close", () => to.destroy());
    to.pipe(from);
  });
  await new Promise<void>((resolve) => server.listen(way, resolve));
  const frozen = createHaproxy({ ...lab, adminSocket: way, onEvent: () => {} });
  t.after(() => {
    frozen.close();
    server.close();
  });
  const steer = async (wanted: Wanted) => {
    const reading = await frozen.read();
    assert.equal(reading.kind, "actual");
    return reading.kind === "actual" && frozen.execute(plan(reading.actual, wanted));
  };
  const frontend = async () => (await lab.actual()).endpoints.primary?.frontend;
  await steer(held(wantedOf("orders-1")));
  await until("the endpoint is held", 10_000, async () => (await frontend()) !== "accepting");

  await steer(wantedOf("orders-2"));

  assert.notEqual(await frontend(), "accepting", "the release came through");
  await until("the end of the hold", 30_000, async () => (await frontend()) === "accepting");
});

test("a hold that its agent gave up by dying is seen as ending, and the next plan releases it", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  const dead = createHolds(lab.adminSocket, () => {});
  dead.start("primary", STOPS);
  const frontend = async () => (await lab.actual()).endpoints.primary?.frontend;
  await until("the endpoint is held", 10_000, async () => (await frontend()) === "ending");
  dead.close();

  const commands = await lab.apply(wantedOf("orders-1"));

  assert.deepEqual(commands, [{ kind: "release", endpoint: "primary" }]);
  assert.equal(await frontend(), "accepting");
});

for (const tls of [false, true])
  test(`a hold that was given up leaves the next one alone${tls ? ", behind TLS too" : ""}`, async (t) => {
    const lab = await createLab(t, { tls });
    lab.agent.vouched.add("primary/orders-1");
    await lab.settle(wantedOf("orders-1"));
    const frontend = async () => (await lab.actual()).endpoints.primary?.frontend;
    const hold = async (lastsMs: number) => {
      const holds = createHolds(lab.adminSocket, () => {}, { lastsMs, renewMs: 1_000 });
      t.after(() => holds.close());
      holds.start("primary", tls ? STOPS_BEHIND_TLS : STOPS);
      await until("the endpoint is held", 10_000, async () => (await frontend()) !== "accepting");
      // In force in all its parts, and its answers read.
      await pause(100);
      return holds;
    };
    const began = performance.now();
    (await hold(2_000)).close();
    (await hold(3_000)).close();
    await hold(60_000);

    const client = (tls ? openTlsClient : openClient)(lab.port("primary"));
    while (performance.now() - began < 4_000) {
      assert.equal(lab.seenOn("orders-1"), 0, `let on after ${performance.now() - began} ms`);
      await pause(20);
    }
    client.socket.destroy();
  });

test("a hold of which a part is not in force is neither held nor accepting, and is made whole", async (t) => {
  const lab = await createLab(t, { tls: true });
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  await lab.apply(held(wantedOf("orders-1")));
  for (const half of resumeAccepting("primary", STOPS_BEHIND_TLS)) {
    await sendOnce(lab.adminSocket, [half], { deadlineMs: 10_000 });

    const commands = await lab.apply(held(wantedOf("orders-1")));

    assert.deepEqual(commands, [{ kind: "hold", endpoint: "primary" }]);
    assert.equal((await lab.actual()).endpoints.primary?.frontend, "held");
  }
});

test("a hold is renewed before it ends, without letting anybody through", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  const holds = createHolds(lab.adminSocket, () => {}, { lastsMs: 2_000, renewMs: 1_500 });
  t.after(() => holds.close());
  holds.start("primary", STOPS);
  await until("the endpoint is held", 10_000, async () => {
    return (await lab.actual()).endpoints.primary?.frontend !== "accepting";
  });
  const parked = openClient(lab.port("primary"));
  await until("it wants renewing", 2_000, () => holds.state("primary") === "ending");
  holds.start("primary", STOPS);
  assert.equal(holds.state("primary"), "held");

  await pause(1_700);
  assert.equal(lab.sessionsOn("orders-1"), 0, "the first hold's end let a client through");
  assert.equal(await parked.node, "orders-1");
  parked.socket.destroy();
});

test("holds that came and went leave HAProxy's socket to the agent", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  for (let round = 0; round < 60; round += 1) {
    await lab.apply(held(wantedOf("orders-1")));
    await lab.apply(wantedOf("orders-1"));
  }
  const client = openClient(lab.port("primary"));
  assert.equal(await client.node, "orders-1");
  client.socket.destroy();
});
