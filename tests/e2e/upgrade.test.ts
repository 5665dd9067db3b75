import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { inserting } from "../support/postgresql.ts";
import { startWriter } from "../support/writer.ts";
import { lostRows } from "./load.ts";
import { container, engine, orders, PORTALS, targets, whole } from "./orders.ts";

beforeEach(() => whole());

/** Longer than a client takes to try the other portal, shorter than a portal takes to start. */
const LONGEST_GAP = 2000;

test("portals are replaced one after the other: clients that know both never lack one", async (t) => {
  const before = await containers();
  const { resources = [] } = await orders.stack.export();
  const portals = resources.filter(
    ({ type, urn }) => type === "docker:index/container:Container" && /-portal-\d$/.test(urn),
  );
  const writer = startWriter(t, targets("primary"), inserting("written"), {
    sessions: 2,
    everyWrite: true,
  });
  await writer.nextAck(30_000);

  await orders.stack.up(...portals.flatMap(({ urn }) => ["--replace", urn]));
  await writer.nextAck(30_000);
  const record = await writer.stop();

  const after = await containers();
  assert.ok(
    after.every((id, index) => id !== before[index]),
    "a portal was not replaced",
  );
  assert.deepEqual(await lostRows(record), []);
  const times = record.acknowledged.map(({ at }) => at).sort((a, b) => a - b);
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? at));
  assert.ok(Math.max(...gaps) < LONGEST_GAP, `nobody was served for ${Math.max(...gaps)} ms`);
});

async function containers(): Promise<readonly string[]> {
  const found = await Promise.all(
    PORTALS.map((portal) => engine.getContainer(container(portal)).inspect()),
  );
  return found.map(({ Id }) => Id);
}
