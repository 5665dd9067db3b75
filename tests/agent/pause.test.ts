import assert from "node:assert/strict";
import { test } from "node:test";

import { createEnded } from "../../proxy-image/src/agent/state.ts";
import type { Haproxy } from "../../proxy-image/src/apply/haproxy.ts";
import { whitelistDigest } from "../../proxy-image/src/judge/whitelist.ts";
import type { Actual } from "../../proxy-image/src/model/haproxy.ts";
import { DOCUMENT } from "../judge/scenario.ts";
import { createAgentLab } from "./lab.ts";

const log = { info: () => {}, warn: () => {}, error: () => {} } as never;
const { list } = createEnded({ known: [], write: async () => {}, log }).inForce(
  DOCUMENT,
  Date.now(),
);

/** A HAProxy that is as the agent wants it: a leads, b and c follow. */
function settledHaproxy(changes: Partial<Actual> = {}): Haproxy {
  const slot = (ready: boolean) =>
    ({ admin: ready ? "ready" : "maint", up: ready, sessions: 0, fallbackSessions: 0 }) as const;
  const slots = (ready: readonly string[]) =>
    Object.fromEntries(["a", "b", "c"].map((node) => [node, slot(ready.includes(node))]));
  const actual: Actual = {
    worker: "7@1",
    endpoints: {
      primary: { frontend: "accepting", slots: slots(["a"]) },
      replica: { frontend: "accepting", slots: slots(["b", "c"]) },
    },
    whitelist: { kind: "known", digest: whitelistDigest(list) },
    oldWorkers: [],
    capacities: [],
    ...changes,
  };
  return {
    read: async () => ({ kind: "actual", actual }),
    certificates: () => ({}),
    execute: async () => ({ kind: "applied", ms: 0, cut: [], certificates: [], endedSsh: [] }),
    denied: async () => ({ kind: "denied", sources: [], others: [] }),
    close: () => {},
  };
}

test("the agent looks once a second while nothing is under way, and four times as often otherwise", async () => {
  const lab = createAgentLab({ haproxy: settledHaproxy() });
  assert.equal(lab.agent.pause(), 250, "before the first cycle");
  await lab.serve();
  await lab.cycle();
  assert.equal(lab.agent.pause(), 1000);

  lab.says("unknown");
  lab.advance(3000, true);
  await lab.cycle();
  assert.equal(lab.agent.pause(), 250, "the endpoint is held");
});

for (const [what, changes] of Object.entries({
  "that has yet to obey": { whitelist: { kind: "unknown", why: "the test" } },
  "with sessions in an old worker": { oldWorkers: [{ pid: 8, slots: [] }] },
} satisfies Record<string, Partial<Actual>>))
  test(`a HAProxy ${what} is looked at four times a second`, async () => {
    const lab = createAgentLab({ haproxy: settledHaproxy(changes) });
    await lab.serve();
    await lab.cycle();

    assert.equal(lab.agent.pause(), 250);
  });

test("a cycle that comes after its pause is in time, one that is much later isn't", async () => {
  const lab = createAgentLab({ haproxy: settledHaproxy() });
  await lab.serve();
  await lab.cycle();

  lab.advance(1100, false);
  await lab.cycle();
  assert.equal(lab.agent.pause(), 1000);
  lab.advance(1800, false);
  await lab.cycle();
  assert.equal(lab.agent.pause(), 250, "what it knows is old");
});
