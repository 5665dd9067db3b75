import assert from "node:assert/strict";
import { test } from "node:test";

import { DOCUMENT } from "../judge/scenario.ts";
import { createAgentLab } from "./lab.ts";

test("at its start the agent vouches for nobody", async () => {
  const lab = createAgentLab();

  assert.equal(await lab.agent.vouches("primary", "a"), "unknown", "no document");
  lab.says("unknown");
  await lab.serve();
  assert.equal(await lab.agent.vouches("primary", "a"), "unknown", "no proof yet");
});

test("the agent vouches for the leader alone on the write endpoint, for the replicas on the other, and for nobody it doesn't know", async () => {
  const lab = createAgentLab();
  await lab.serve();
  await lab.cycle();

  for (const [endpoint, node, vouched] of [
    ["primary", "a", true],
    ["primary", "b", false],
    ["primary", "c", false],
    ["replica", "a", false],
    ["replica", "b", true],
    ["replica", "c", true],
    ["primary", "nobody", false],
    ["primary", "", false],
    ["nowhere", "a", false],
    ["toString", "a", false],
    ["primary", "constructor", false],
  ] as const) {
    assert.equal(
      await lab.agent.vouches(endpoint, node),
      vouched ? "yes" : "no",
      `${node} on ${endpoint}`,
    );
  }
});

test("a verdict is vouched for during two seconds, and not a moment longer", async () => {
  let stuck = false;
  const lab = createAgentLab({}, () => stuck);
  await lab.serve();
  await lab.cycle();

  stuck = true;
  lab.agent.wake();
  lab.advance(1999, true);
  assert.equal(await lab.agent.vouches("primary", "a"), "yes");
  lab.advance(1, true);
  assert.equal(await lab.agent.vouches("primary", "a"), "unknown");
  assert.equal(await lab.agent.hasVerdict(), false);
});

test("a wall clock that jumps to and fro by an hour changes nothing of what the agent vouches for", async (t) => {
  const lab = createAgentLab();
  await lab.serve();
  await lab.cycle();
  const logged = lab.lines.length;

  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  for (let round = 0; round < 20; round++) {
    t.mock.timers.setTime(Date.now() + (round % 2 === 0 ? 1 : -1) * 3_600_000);
    lab.advance(100, true);
    await lab.cycle();
    assert.equal(await lab.agent.vouches("primary", "a"), "yes");
    assert.equal(await lab.agent.hasVerdict(), true);
  }
  assert.deepEqual(lab.lines.slice(logged), []);
});

test("after a stall the agent vouches for nobody before it has looked again", async () => {
  const lab = createAgentLab();
  await lab.serve();
  await lab.cycle();
  assert.equal(await lab.agent.vouches("primary", "a"), "yes");

  lab.advance(3000, false);
  assert.equal(await lab.agent.vouches("primary", "a"), "unknown", "all it has heard is old");
  lab.advance(100, true);
  await lab.cycle();
  assert.equal(await lab.agent.vouches("primary", "a"), "yes");
});

test("HAProxy's question waits for the verdict that is due", async () => {
  const lab = createAgentLab();
  await lab.serve();
  await lab.cycle();
  lab.advance(3000, true);
  lab.says("b@6");

  assert.equal(await lab.agent.vouches("primary", "a"), "no", "judged anew, not by the old word");
});

test("a document is served only once its SSH keys are in force", async () => {
  let inForce = (): void => {};
  const lab = createAgentLab({
    authorize: () =>
      new Promise((resolve) => {
        inForce = resolve;
      }),
  });
  const serving = lab.serve();
  await lab.cycle();
  assert.equal(lab.agent.document(), DOCUMENT, "its keys are those to be put in force");
  assert.equal(lab.agent.snapshot(), undefined);

  inForce();
  await serving;
  await lab.cycle();
  assert.equal(lab.agent.snapshot()?.digest, "d1");
  assert.equal(await lab.agent.vouches("primary", "a"), "yes");
});
