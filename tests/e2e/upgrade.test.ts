import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { beforeEach, test } from "node:test";

import { inserting } from "../support/postgresql.ts";
import { startWriter } from "../support/writer.ts";
import { lostRows } from "./load.ts";
import { container, engine, orders, PORTALS, targets, whole } from "./orders.ts";

beforeEach(() => whole());

test("portals are replaced one after the other: the second one goes once the first one is back", async (t) => {
  const since = Math.floor(Date.now() / 1000);
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

  assert.deepEqual(await lostRows(await writer.stop()), []);
  const [first = "", second = ""] = PORTALS.map(container);
  const happened = (await events(since)).filter(
    (event) => event === `${first} health_status: healthy` || event.endsWith(" die"),
  );
  assert.deepEqual(happened, [`${first} die`, `${first} health_status: healthy`, `${second} die`]);
});

/** What the portals' containers went through since then, in order. */
async function events(since: number): Promise<readonly string[]> {
  const stream = await engine.getEvents({
    since,
    until: Math.ceil(Date.now() / 1000),
    filters: { type: ["container"], container: PORTALS.map(container) },
  });
  const lines = (await text(stream)).split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const { Action, Actor } = JSON.parse(line);
    return `${Actor.Attributes.name} ${Action}`;
  });
}
