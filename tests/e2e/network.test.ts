import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inserting } from "../../engines/postgresql/tests/client.ts";
import { until } from "../support/containers.ts";
import { LONGEST_HOLD, longestWait, refused } from "../support/load.ts";
import { breakNetwork } from "../support/net-fault.ts";
import { startWriter } from "../support/writer.ts";
import { load, lostRows, readOnly } from "./load.ts";
import {
  addressOf,
  container,
  leader,
  leaderAfter,
  logLines,
  NODES,
  PORTALS,
  query,
  targets,
  whole,
} from "./orders.ts";

beforeEach(() => whole());

test("a lost host: nobody is refused, no acknowledged row is lost, and no client waits longer than the cap of a hold", async (t) => {
  const old = await leader();
  const writers = load(t);
  await writers.firstAck();

  const lift = await breakNetwork(container(old), {
    arriving: ['meta iif != "lo" drop'],
    leaving: ['meta oif != "lo" drop'],
  });
  const lost = performance.now();
  try {
    await leaderAfter(old);
    await writers.firstAck();
  } finally {
    await lift();
  }
  const record = await writers.stop();

  assert.deepEqual(await lostRows(record), []);
  assert.deepEqual(refused(record, lost + 1000), []);
  assert.deepEqual(readOnly(record), []);
  assert.ok(longestWait(record) < LONGEST_HOLD, `somebody waited for ${longestWait(record)} ms`);
});

test("a portal that reaches no node closes at once, serves again by itself, and the other one is enough", async (t) => {
  const [, second] = targets("primary");
  assert.ok(second);
  const nodes = (await Promise.all(NODES.map(addressOf))).join(", ");
  const writer = startWriter(t, [second], inserting("written"), { sessions: 2 });
  await writer.nextAck(30_000);

  const lift = await breakNetwork(container(PORTALS[0]), {
    arriving: [`ip saddr { ${nodes} } drop`],
    leaving: [`ip daddr { ${nodes} } drop`],
  });
  try {
    await until("a refusal of the blind portal", 15, async () => {
      const begun = performance.now();
      await assert.rejects(query("SELECT 1", "primary", 0));
      // Refused, not held until the client gives up.
      return performance.now() - begun < 2000;
    });
    await writer.nextAck(10_000);
  } finally {
    await lift();
  }
  await until("the first portal", 30, () => query("SELECT 1", "primary", 0));
  assert.deepEqual((await writer.stop()).failures, []);
});

test("what a leader sends not reaching a portal for 4 s loses no session, and moves nobody", async (t) => {
  const old = await leader();
  const address = await addressOf(old);
  const writers = load(t);
  await writers.firstAck();

  const lift = await breakNetwork(container(PORTALS[0]), {
    arriving: [`ip saddr ${address} drop`],
  });
  await sleep(4000);
  await lift();
  await writers.firstAck();
  const record = await writers.stop();

  assert.deepEqual(record.failures, []);
  assert.equal(await leader(), old);
});

test("5 % of the packets lost between portals and nodes move nobody, and lose no session", async (t) => {
  const began = Date.now();
  const old = await leader();
  const nodes = (await Promise.all(NODES.map(addressOf))).join(", ");
  const writers = load(t);
  await writers.firstAck();

  const lifts = await Promise.all(
    PORTALS.map((portal) =>
      breakNetwork(container(portal), {
        arriving: [`ip saddr { ${nodes} } numgen random mod 100 < 5 drop`],
        leaving: [`ip daddr { ${nodes} } numgen random mod 100 < 5 drop`],
      }),
    ),
  );
  try {
    await sleep(40_000);
    await writers.firstAck();
  } finally {
    await Promise.all(lifts.map((lift) => lift()));
  }
  const record = await writers.stop();

  assert.deepEqual(record.failures, []);
  assert.equal(await leader(), old);
  for (const portal of PORTALS) {
    const switches = (await logLines(portal, began)).filter(
      ({ oldLeader, newLeader }) => newLeader !== oldLeader && newLeader !== undefined,
    );
    assert.deepEqual(switches, []);
  }
});
