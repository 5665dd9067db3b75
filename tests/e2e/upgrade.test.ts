import assert from "node:assert/strict";
import type { Readable } from "node:stream";
import { beforeEach, test } from "node:test";

import { inserting } from "../../engines/postgresql/tests/client.ts";
import { startWriter } from "../support/writer.ts";
import { lostRows } from "./load.ts";
import { container, engine, orders, PORTALS, targets, whole } from "./orders.ts";

beforeEach(() => whole());

test("portals are replaced one after the other: the second one goes once the first one is back", async (t) => {
  const events = await portalEvents();
  t.after(events.stop);
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
  const happened = events
    .seen()
    .filter((event) => event === `${first} health_status: healthy` || event.endsWith(" die"));
  assert.deepEqual(happened, [`${first} die`, `${first} health_status: healthy`, `${second} die`]);
});

/** What the portals' containers go through from now on, in order. Docker itself remembers no more than 256 events. */
async function portalEvents() {
  const stream = await engine.getEvents({
    filters: { type: ["container"], container: PORTALS.map(container) },
  });
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const seen = (): readonly string[] =>
    text
      .split("\n")
      .slice(0, -1)
      .map((line) => {
        const { Action, Actor } = JSON.parse(line);
        return `${Actor.Attributes.name} ${Action}`;
      });
  return { seen, stop: () => (stream as Readable).destroy() };
}
