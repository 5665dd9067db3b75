import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { sendOnce } from "../../../proxy-image/src/apply/runtime-socket.ts";
import type { Wanted, WantedEndpoint } from "../../../proxy-image/src/model/haproxy.ts";
import type { Client } from "../lab.ts";
import { createLab, openClient, openTlsClient, wantedOf } from "../lab.ts";

// HAProxy keeps a client for good, unserved, if its session is ended at certain moments between being sent to a node and being there.
// So everything happens at once here: leaders change, gates close, and clients come and go, so many that some wait for their turn.

const FOR_MS = 20_000;
/** Longer than anybody waits for a turn. */
const PATIENCE_MS = 20_000;
const NODES = ["orders-1", "orders-2", "orders-3"];
const GATES = ["open", "open", "held", "closed"] as const;
/** One of them wants more than its share. */
const SOURCES = ["127.0.0.8", "127.0.0.8", "127.0.0.8", "127.0.0.9"];

const anyOf = <T>(choices: readonly T[]): T =>
  choices[Math.floor(Math.random() * choices.length)] as T;
const upTo = (limit: number): number => Math.random() * limit;

function gated(node: string, gate: WantedEndpoint["gate"]): Wanted {
  const wanted = wantedOf(gate === "closed" ? undefined : node);
  const { primary } = wanted.endpoints;
  assert.ok(primary);
  return { ...wanted, endpoints: { ...wanted.endpoints, primary: { ...primary, gate } } };
}

for (const [what, options, open] of [
  ["", {}, openClient],
  [", behind TLS too", { tls: true }, openTlsClient],
] as const)
  test(`whatever leaders and gates do, every client is served or sent away${what}`, {
    concurrency: true,
  }, async (t) => {
    const lab = await createLab(t, options);
    for (const node of NODES) lab.agent.vouched.add(`primary/${node}`);
    await lab.settle(wantedOf("orders-1"));
    const waiting = new Set<Client>();
    let [came, served] = [0, 0];
    const come = (): void => {
      const client = open(lab.port("primary"), anyOf(SOURCES));
      came += 1;
      waiting.add(client);
      void client.node.then((node) => {
        waiting.delete(client);
        if (node !== undefined) served += 1;
        setTimeout(() => client.socket.destroy(), upTo(1_500));
      });
    };
    const end = performance.now() + FOR_MS;
    const coming = (async () => {
      while (performance.now() < end) {
        for (let count = upTo(12); count > 0; count -= 1) come();
        await pause(upTo(30));
      }
    })();
    while (performance.now() < end) {
      await lab.apply(gated(anyOf(NODES), anyOf(GATES)));
      await pause(upTo(120));
    }
    await coming;
    await lab.settle(wantedOf("orders-1"));

    const patience = performance.now() + PATIENCE_MS;
    while (waiting.size > 0 && performance.now() < patience) await pause(100);

    t.diagnostic(`${came} came, ${served} were served`);
    if (waiting.size > 0) {
      const shown = await sendOnce(lab.adminSocket, ["show sess all"], { deadlineMs: 5_000 });
      const ports = [...waiting].map(({ socket }) => socket.localPort);
      const sessions = shown.kind === "reply" ? shown.blocks[0]?.slice(0, 20_000) : shown.why;
      assert.fail(`${ports.length} of ${came} are left waiting, from ${ports}:\n${sessions}`);
    }
    assert.ok(served > came / 10, `${served} of ${came} were served`);
  });

test("a slot that is opened stays up, though HAProxy has heard of it only from an older answer", async (t) => {
  const lab = await createLab(t);
  lab.agent.said = new Set(["primary/orders-1"]);
  lab.agent.vouched.add("primary/orders-2");
  await lab.settle(wantedOf("orders-2"));
  const client = openClient(lab.port("primary"));
  assert.equal(await client.node, "orders-2");

  const since = performance.now();
  while (performance.now() - since < 3_000) {
    const { primary } = (await lab.actual()).endpoints;
    assert.equal(primary?.slots["orders-2"]?.up, true);
    await pause(20);
  }
  assert.ok(client.live());
  client.socket.destroy();
});
