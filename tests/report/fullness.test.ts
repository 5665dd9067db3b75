import assert from "node:assert/strict";
import { test } from "node:test";

import { tellFull } from "../../proxy-image/src/report/story.ts";

const room = (used: number) => [{ name: "orders-1 on primary", used, limit: 90 }];

test("what has become full is told once, with an alarm; and once when it has room again", () => {
  const steps = [89, 90, 89, 90, 85, 81, 81].reduce<{
    full: ReadonlySet<string>;
    said: readonly string[];
  }>(
    ({ full, said }, used) => {
      const told = tellFull(full, room(used));
      return { full: told.full, said: [...said, told.lines.map(({ msg }) => msg).join()] };
    },
    { full: new Set(), said: [] },
  );

  assert.deepEqual(steps.said, [
    "",
    "orders-1 on primary is full: 90 of 90 connections; further clients wait, or are refused",
    "",
    "",
    "",
    "orders-1 on primary has room again",
    "",
  ]);
});

test("an endpoint that is held meanwhile is still full after it, and that is told once", () => {
  const { full } = tellFull(new Set(), room(90));
  const held = tellFull(full, []);

  assert.deepEqual(held.lines, []);
  assert.deepEqual(tellFull(held.full, room(90)).lines, []);
  assert.equal(tellFull(held.full, room(0)).lines.length, 1);
});
