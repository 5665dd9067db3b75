import assert from "node:assert/strict";
import { test } from "node:test";

import { sendOnce } from "../../../proxy-image/src/apply/runtime-socket.ts";
import { until } from "../../support/until.ts";
import { createLab, type Lab, nodeBehind, openClient, wantedOf } from "../lab.ts";

// Where HAProxy has no check of its own to go on by.
const SILENCE = 4;

async function openLab(t: Parameters<typeof createLab>[0]): Promise<Lab> {
  const lab = await createLab(t, { silence: SILENCE });
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  await until("HAProxy has run for the limit", 6_000, async () => {
    const reply = await sendOnce(lab.adminSocket, ["show info"], { deadlineMs: 10_000 });
    const uptime = reply.kind === "reply" && /Uptime_sec: (\d+)/.exec(reply.blocks[0] ?? "")?.[1];
    return Number(uptime) >= SILENCE;
  });
  return lab;
}

const slotUp = async (lab: Lab) => (await lab.actual()).endpoints.primary?.slots["orders-1"]?.up;

const agentUp = async (lab: Lab) => {
  const reply = await sendOnce(lab.adminSocket, ["show servers state agent"], {
    deadlineMs: 10_000,
  });
  return reply.kind === "reply" && / agent \S+ 2 /.test(reply.blocks[0] ?? "");
};

const FALLS_SILENT: Readonly<Record<string, (lab: Lab) => Promise<void>>> = {
  killed: (lab) => lab.agent.die(),
  frozen: async (lab) => {
    lab.agent.silent = true;
  },
};

const COMES_BACK: typeof FALLS_SILENT = {
  killed: (lab) => lab.agent.live(),
  frozen: async (lab) => {
    lab.agent.silent = false;
  },
};

for (const how of ["killed", "frozen"]) {
  test(`an agent that is ${how} changes nothing within the limit; after it newcomers are refused, and sessions stay`, async (t) => {
    const lab = await openLab(t);
    const client = openClient(lab.port("primary"));
    assert.equal(await client.node, "orders-1");

    await FALLS_SILENT[how]?.(lab);
    const since = performance.now();
    await until("a newcomer is refused", 30_000, async () => {
      return (await nodeBehind(lab.port("primary"))) === undefined;
    });
    const seconds = (performance.now() - since) / 1000;
    assert.ok(seconds >= SILENCE, `refused after ${seconds} s`);
    assert.equal(await nodeBehind(lab.port("replica")), undefined);

    await COMES_BACK[how]?.(lab);
    await until("a newcomer is served", 30_000, async () => {
      return (await nodeBehind(lab.port("primary"))) === "orders-1";
    });
    assert.ok(client.live(), "silence ended a session of a leader that nothing disproves");
    assert.equal(await slotUp(lab), true);
    client.socket.destroy();
  });
}

test("an agent that is back is believed at once, also where it says no", async (t) => {
  const lab = await openLab(t);
  const client = openClient(lab.port("primary"));
  assert.equal(await client.node, "orders-1");
  await lab.agent.die();
  await until("the agent counts as silent", 30_000, async () => !(await agentUp(lab)));
  assert.ok(client.live());

  lab.agent.vouched.delete("primary/orders-1");
  await lab.agent.live();
  await client.ended;
  assert.equal(await slotUp(lab), false);

  lab.agent.vouched.add("primary/orders-1");
  await until("the slot is up by itself", 10_000, async () => (await slotUp(lab)) === true);
  assert.equal(await nodeBehind(lab.port("primary")), "orders-1");
});

test("`ready` does nothing for a slot that is down; the plan opens it through `maint`", async (t) => {
  const lab = await openLab(t);
  lab.agent.vouched.delete("primary/orders-1");
  await until("the slot is down", 10_000, async () => (await slotUp(lab)) === false);
  const ready = ["set server primary/orders-1 state ready"];
  await sendOnce(lab.adminSocket, ready, { deadlineMs: 10_000 });
  assert.equal(await slotUp(lab), false);

  const commands = await lab.apply(wantedOf("orders-1"));

  assert.deepEqual(commands, [
    { kind: "open", endpoint: "primary", node: "orders-1", through: "maint" },
  ]);
  assert.equal(await slotUp(lab), true);
});
