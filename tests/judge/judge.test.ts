import assert from "node:assert/strict";
import { test } from "node:test";

import { judge } from "../../proxy-image/src/judge/judge.ts";
import { blankMemory } from "../../proxy-image/src/judge/memory.ts";
import { DOCUMENT, viewOf } from "./scenario.ts";

const quiet = { leaving: false, paused: false };
const ports = { a: "open", b: "open", c: "open" };
const begin = { ...quiet, quorum: "a@5", roles: { a: "leader", b: "silent", c: "silent" }, ports };
const opened = judge(DOCUMENT, blankMemory(1, 0), viewOf(begin, 0), 0);
const lost = {
  ...quiet,
  quorum: "unknown",
  roles: { a: "silent", b: "stopping", c: "silent" },
  ports: { ...ports, a: "silent" },
};
const held = judge(DOCUMENT, opened.memory, viewOf(lost, 1), 1);
const closed = judge(DOCUMENT, held.memory, viewOf(lost, 40_000), 40_000);

test("an open gate has one ready slot, and cuts every other", () => {
  assert.deepEqual(opened.endpoints.primary?.slots, { a: "ready", b: "cut", c: "cut" });
});

test("while a silent leader is held, its slot stays ready, so that its sessions live", () => {
  assert.equal(held.endpoints.primary?.gate, "held");
  assert.deepEqual(held.endpoints.primary?.slots, { a: "ready", b: "cut", c: "cut" });
});

test("past the cap its sessions live on and nobody new is sent to it", () => {
  assert.equal(closed.endpoints.primary?.gate, "closed");
  assert.deepEqual(closed.endpoints.primary?.slots, { a: "drain", b: "cut", c: "cut" });
});

test("readers whose last resort is gone wait with the writers, and are refused with them", () => {
  assert.equal(opened.endpoints.replica?.gate, "open");
  assert.equal(held.endpoints.replica?.gate, "held");
  assert.equal(closed.endpoints.replica?.gate, "closed");
});

test("a view that says nothing new makes the same verdict again", () => {
  const second = judge(DOCUMENT, opened.memory, viewOf(begin, 1), 1);
  const third = judge(DOCUMENT, second.memory, viewOf(begin, 2), 2);

  assert.deepEqual(third, second);
});
