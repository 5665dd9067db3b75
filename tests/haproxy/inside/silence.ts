import assert from "node:assert/strict";
import { test } from "node:test";

import { ask } from "../../../proxy-image/src/apply/conversation.ts";
import { until } from "../../support/until.ts";
import { createLab, type Lab, nodeBehind, openClient, wantedOf } from "../lab.ts";

const SILENCE = 4;

async function openLab(t: Parameters<typeof createLab>[0]): Promise<Lab> {
  const lab = await createLab(t, { silence: SILENCE });
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  // Right after `ready` a slot has one life only; the first check that passes gives it all of them.
  await until("the slot's first check has passed", 3_000, async () => {
    const reply = await ask(lab.adminSocket, ["show servers state primary"], { deadlineMs: 1_000 });
    return (
      reply.kind === "reply" && / orders-1 \S+ 2 \d+ 1 1 \d+ \d+ \d+ 2 /.test(reply.blocks[0] ?? "")
    );
  });
  return lab;
}

const slotUp = async (lab: Lab) => (await lab.actual()).endpoints.primary?.slots["orders-1"]?.up;

test("an agent that is silent for the limit is cut off from its choice, and not much earlier", async (t) => {
  const lab = await openLab(t);
  const client = openClient(lab.port("primary"));
  assert.equal(await client.node, "orders-1");

  lab.agent.silent = true;
  const since = performance.now();
  await client.ended;
  const seconds = (performance.now() - since) / 1000;

  assert.ok(seconds <= SILENCE + 0.3, `cut after ${seconds} s`);
  assert.ok(seconds >= SILENCE - 1.2, `cut after ${seconds} s`);
  assert.equal(await nodeBehind(lab.port("primary")), undefined);
});

test("an agent that is back is believed again only for the node that it vouches for", async (t) => {
  const lab = await openLab(t);
  lab.agent.silent = true;
  await until("the slot is down", 6_000, async () => (await slotUp(lab)) === false);

  lab.agent.vouched.delete("primary/orders-1");
  lab.agent.silent = false;
  await until("the agent's no is heard", 3_000, async () => {
    const reply = await ask(lab.adminSocket, ["show servers state agent"], { deadlineMs: 1_000 });
    return reply.kind === "reply" && / agent 127\.0\.0\.1 2 /.test(reply.blocks[0] ?? "");
  });
  assert.equal(await slotUp(lab), false);

  lab.agent.vouched.add("primary/orders-1");
  await until("the slot is up by itself", 3_000, async () => (await slotUp(lab)) === true);
  assert.equal(await nodeBehind(lab.port("primary")), "orders-1");
});

test("`ready` does nothing for a slot that is down; the plan opens it through `maint`", async (t) => {
  const lab = await openLab(t);
  lab.agent.silent = true;
  await until("the slot is down", 6_000, async () => (await slotUp(lab)) === false);
  const ready = ["set server primary/orders-1 state ready"];
  await ask(lab.adminSocket, ready, { deadlineMs: 1_000 });
  assert.equal(await slotUp(lab), false);

  const commands = await lab.apply(wantedOf("orders-1"));

  assert.deepEqual(commands, [
    { kind: "open", endpoint: "primary", node: "waiting", through: "maint" },
    { kind: "open", endpoint: "primary", node: "orders-1", through: "maint" },
  ]);
  assert.equal(await slotUp(lab), true);
});
