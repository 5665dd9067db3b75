import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";

import { createEnded, loadEnded } from "../../proxy-image/src/agent/state.ts";
import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { writeDurably } from "../../proxy-image/src/files.ts";
import { DOCUMENT } from "../judge/scenario.ts";
import { until } from "../support/until.ts";

const NOON = Date.parse("2027-01-31T12:00:00Z");
const HOUR = 3_600_000;
const RUNNER = "198.51.100.7/32";
const OFFICE = "203.0.113.0/24";

const listing = (end: number): PortalDocument => ({
  ...DOCUMENT,
  whitelist: { [OFFICE]: "office", [RUNNER]: { note: "", until: new Date(end).toISOString() } },
});

async function diskFor(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "ended-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "ended.json");
  let written = 0;
  const alarms: unknown[] = [];
  return {
    path,
    /** Until so many texts are on the disk. */
    hasWritten: (count: number) => until("it is on disk", 30_000, () => written >= count),
    alarms,
    /** An agent that starts. */
    start: async () =>
      createEnded({
        known: await loadEnded(path),
        write: async (text) => {
          await writeDurably(path, text);
          written++;
        },
        log: { error: assert.fail, warn: (...args: unknown[]) => void alarms.push(args) },
      }),
  };
}

const cidrs = (list: readonly { cidr: string }[] | undefined) => list?.map(({ cidr }) => cidr);

test("an entry that has ended stays so when the clock is set back, and when the agent starts again on it", async (t) => {
  const disk = await diskFor(t);
  const document = listing(NOON);
  const agent = await disk.start();

  assert.deepEqual(cidrs(agent.inForce(document, NOON - 1).list), [RUNNER, OFFICE]);
  assert.deepEqual(cidrs(agent.inForce(document, NOON).list), [OFFICE]);
  assert.deepEqual(cidrs(agent.inForce(document, NOON - HOUR).list), [OFFICE]);

  await disk.hasWritten(1);
  const next = await disk.start();
  assert.deepEqual(cidrs(next.inForce(document, NOON - HOUR).list), [OFFICE]);
});

test("another end admits the block again, until then", async (t) => {
  const disk = await diskFor(t);
  const agent = await disk.start();
  agent.inForce(listing(NOON), NOON);
  await disk.hasWritten(1);

  const longer = listing(NOON + HOUR);
  assert.deepEqual(cidrs(agent.inForce(longer, NOON + 1).list), [RUNNER, OFFICE]);
  assert.deepEqual(cidrs(agent.inForce(longer, NOON + HOUR).list), [OFFICE]);
  assert.deepEqual(cidrs(agent.inForce(listing(NOON), NOON - HOUR).list), [OFFICE]);
  await disk.hasWritten(2);
});

test("what is kept of entries that have ended is bounded, and the latest are kept", async (t) => {
  const disk = await diskFor(t);
  const agent = await disk.start();
  const MANY = 100_050;
  const cidr = (n: number) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`;
  const whitelist = Object.fromEntries(
    Array.from({ length: MANY }, (_, n) => [
      cidr(n),
      { note: "", until: new Date(NOON + n).toISOString() },
    ]),
  );
  const document = { ...DOCUMENT, whitelist };

  assert.equal(agent.inForce(document, NOON + MANY).list?.length, 0);

  const back = agent.inForce(document, NOON - HOUR).list ?? [];
  assert.deepEqual(cidrs(back)?.sort(), Array.from({ length: 50 }, (_, n) => cidr(n)).sort());
  await disk.hasWritten(1);
});

test("a file that can't be read is told, not taken for an empty one", async (t) => {
  const { path } = await diskFor(t);
  await writeFile(path, "[{");
  await assert.rejects(loadEnded(path));
});

test("that an entry ended by a clock that was ahead is an alarm, said once by each agent", async (t) => {
  const disk = await diskFor(t);
  const document = listing(NOON);
  const agent = await disk.start();
  agent.inForce(document, NOON + HOUR);
  agent.inForce(document, NOON - 1_000);
  assert.deepEqual(disk.alarms, [], "clocks that are kept right go back by a little");

  agent.inForce(document, NOON - HOUR);
  agent.inForce(document, NOON - HOUR + 1);
  const message = "An entry of the whitelist ended while the clock was ahead";
  assert.deepEqual(disk.alarms, [
    [
      { alarm: true, entries: 1, cidrs: [RUNNER] },
      `${message}, and nobody comes in by it any more: give it another end`,
    ],
  ]);

  await disk.hasWritten(1);
  (await disk.start()).inForce(document, NOON - HOUR);
  assert.equal(disk.alarms.length, 2);
});
