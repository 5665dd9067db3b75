import assert from "node:assert/strict";
import { test } from "node:test";

import { createKeeper } from "../../proxy-image/src/agent/state.ts";
import type { Lineage } from "../../proxy-image/src/judge/memory.ts";
import { createAgentLab } from "./lab.ts";

test("a disk that hangs stops nothing: the agent goes on looking, and vouches for its leader", {
  timeout: 30_000,
}, async () => {
  const hangs = () => new Promise<void>(() => {});
  const lab = createAgentLab({ keep: hangs });
  await lab.serve();
  await lab.cycle();

  for (let round = 0; round < 20; round++) {
    lab.advance(300, true);
    await lab.cycle();
  }

  assert.ok(lab.reads() >= 20, `HAProxy was read ${lab.reads()} times`);
  assert.equal(await lab.agent.vouches("primary", "a"), "yes");
});

const seen = (epoch: number): Lineage => ({
  generation: 1,
  highest: { epoch: [epoch], node: "a", at: 0 },
});

const epochOf = (text: string): number => JSON.parse(text).highest.epoch[0];

/** A disk whose writes end when the test says so. */
function slowDisk() {
  const written: number[] = [];
  let ends: { readonly done: () => void; readonly failed: (error: Error) => void } | undefined;
  return {
    written,
    write: (text: string) =>
      new Promise<void>((done, failed) => {
        written.push(epochOf(text));
        ends = { done, failed };
      }),
    ends: () => ends?.done(),
    fails: (why: string) => ends?.failed(new Error(why)),
  };
}

const settled = () => new Promise((next) => setImmediate(next));

test("histories are written one after the other, and the newest is last", async () => {
  const disk = slowDisk();
  const keep = createKeeper({ ...disk, lineage: seen(1), log: { error: assert.fail } });

  keep(seen(1));
  for (const epoch of [2, 3, 4]) keep(seen(epoch));
  assert.deepEqual(disk.written, [2]);
  disk.ends();
  await settled();
  assert.deepEqual(disk.written, [2, 4]);
  disk.ends();
  await settled();
  keep(seen(4));

  assert.deepEqual(disk.written, [2, 4]);
});

test("a history that can't be kept is told once, and tried again at the next look", async () => {
  const disk = slowDisk();
  const alarms: string[] = [];
  const error = (_facts: unknown, msg?: string) => {
    alarms.push(String(msg));
  };
  const keep = createKeeper({ ...disk, lineage: undefined, log: { error } });

  for (let round = 0; round < 3; round++) {
    keep(seen(2));
    disk.fails("no space left");
    await settled();
  }
  keep(seen(2));
  disk.ends();
  await settled();
  keep(seen(2));

  assert.deepEqual(disk.written, [2, 2, 2, 2]);
  assert.deepEqual(alarms, ["The epoch can't be kept: no space left"]);
});

test("what could not be kept is tried again by itself", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const disk = slowDisk();
  const keep = createKeeper({ ...disk, lineage: undefined, log: { error: () => {} } });

  keep(seen(2));
  disk.fails("no space left");
  await settled();
  t.mock.timers.tick(5_000);
  disk.ends();
  await settled();

  assert.deepEqual(disk.written, [2, 2]);
});
