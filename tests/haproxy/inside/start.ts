import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { createPresence } from "../../../proxy-image/src/apply/presence.ts";
import { until } from "../../support/until.ts";
import { createLab, nodeBehind, openClient, wantedOf } from "../lab.ts";

const NODES = ["orders-1", "orders-2", "orders-3"];

test("the image's HAProxy is 3.0 or newer: an older one dead-locks when a hold is released", () => {
  const [, version = "0"] =
    /version (\d+)\./.exec(execFileSync("haproxy", ["-v"]).toString()) ?? [];
  assert.ok(Number(version) >= 3);
});

test("a portal that starts opens nothing, and lets who comes wait, until it is told who leads", async (t) => {
  const lab = await createLab(t);

  const { endpoints } = await lab.actual();

  for (const { slots, frontend } of Object.values(endpoints)) {
    assert.equal(frontend, "accepting");
    assert.deepEqual(
      Object.values(slots).map(({ admin, up }) => [admin, up]),
      [
        ["maint", false],
        ["maint", false],
        ["maint", false],
      ],
    );
  }
  const clients = ["primary", "replica"].map((endpoint) => openClient(lab.port(endpoint)));
  const passed = await Promise.race([...clients.map(({ ended }) => ended), pause(1_500, "nobody")]);
  assert.equal(passed, "nobody", "a client was sent away");
  assert.deepEqual(NODES.map(lab.sessionsOn), [0, 0, 0]);

  lab.agent.vouched.add("primary/orders-2").add("replica/orders-1");
  await lab.settle(wantedOf("orders-2", ["orders-1"]));
  assert.deepEqual(await Promise.all(clients.map(({ node }) => node)), ["orders-2", "orders-1"]);
  for (const { socket } of clients) socket.destroy();
});

test("a plan brings each endpoint to its nodes, and then there is nothing left to do", async (t) => {
  const lab = await createLab(t);
  const wanted = wantedOf("orders-2", ["orders-1", "orders-3"]);
  lab.agent.vouched.add("primary/orders-2").add("replica/orders-1").add("replica/orders-3");

  await lab.settle(wanted);

  assert.equal(await nodeBehind(lab.port("primary")), "orders-2");
  const readers = [1, 2, 3, 4].map(() => nodeBehind(lab.port("replica")));
  assert.deepEqual(new Set(await Promise.all(readers)), new Set(["orders-1", "orders-3"]));
  assert.deepEqual(await lab.apply(wanted), []);
});

test("the end of HAProxy is noticed at once, and a connection that isn't taken is no such sign", async (t) => {
  const lab = await createLab(t);
  let gone = 0;
  const presence = createPresence(lab.adminSocket, () => gone++);
  t.after(presence.close);
  const nobody = createPresence(`${lab.adminSocket}.none`, () => gone++);
  nobody.of("7@1");
  presence.of((await lab.actual()).worker);
  await pause(1_500);
  assert.equal(gone, 0);

  lab.master.kill("SIGKILL");
  const since = performance.now();
  await until("it is told", 5_000, async () => gone === 1);
  assert.ok(performance.now() - since < 500);
});
