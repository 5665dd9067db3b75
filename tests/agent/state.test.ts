import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";

import {
  createKeeper,
  formatLineage,
  loadLineage,
  lostLineage,
} from "../../proxy-image/src/agent/state.ts";
import { formatDocument } from "../../proxy-image/src/contract.ts";
import { writeDurably } from "../../proxy-image/src/files.ts";
import { judge } from "../../proxy-image/src/judge/judge.ts";
import type { Lineage } from "../../proxy-image/src/judge/memory.ts";
import { adopt } from "../../proxy-image/src/judge/memory.ts";
import type { Actual } from "../../proxy-image/src/model/haproxy.ts";
import { DOCUMENT, viewOf } from "../judge/scenario.ts";

async function stateFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "state-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "deep", "state.json");
}

const HISTORIES: readonly Lineage[] = [
  { generation: 1 },
  { generation: 2, incarnation: "7312" },
  { generation: 3, incarnation: "x", highest: { epoch: [5, 0, 17], node: "orders-2", at: 40 } },
];

test("a portal that has never seen a cluster has no history", async (t) => {
  assert.deepEqual(await loadLineage(await stateFile(t), 40), { kind: "none" });
});

test("a history comes back as it was, only its time begins anew", async (t) => {
  const path = await stateFile(t);
  for (const lineage of HISTORIES) {
    await writeDurably(path, formatLineage(lineage));

    assert.deepEqual(await loadLineage(path, 40), { kind: "lineage", lineage });
  }
  assert.deepEqual(await readdir(join(path, "..")), ["state.json"], "nothing else is left behind");
});

test("a history of which a part is missing is no history, wherever it was cut off", async (t) => {
  const path = await stateFile(t);
  const text = formatLineage(HISTORIES[2] as Lineage);
  await writeDurably(path, text);
  for (let length = 0; length < text.trimEnd().length; length++) {
    await writeFile(path, text.slice(0, length));

    assert.equal((await loadLineage(path, 40)).kind, "unreadable", text.slice(0, length));
  }
});

for (const [what, text] of [
  ["of another shape", '{"generation":1,"epoch":5}'],
  ["of no generation", "{}"],
  ["with an epoch that is none", '{"generation":1,"highest":{"epoch":[-1],"node":"a"}}'],
  ["of noise", "\0\u0001\ufffd"],
] as const) {
  test(`a history ${what} can't be read, and says why`, async (t) => {
    const path = await stateFile(t);
    await writeDurably(path, text);

    const loaded = await loadLineage(path, 40);

    assert.ok(loaded.kind === "unreadable" && loaded.why.length > 0, JSON.stringify(loaded));
  });
}

/** HAProxy as another agent left it: `a` serves writes, `b` reads. Or started anew: nobody serves. */
function haproxyServing(serving: boolean): Actual {
  const slot = (ready: boolean) => {
    const admin = ready && serving ? ("ready" as const) : ("maint" as const);
    return { admin, up: serving, sessions: 0, fallbackSessions: 0 };
  };
  const slots = (node: string) =>
    Object.fromEntries(["a", "b", "c"].map((name) => [name, slot(name === node)]));
  return {
    worker: "7@1",
    endpoints: {
      primary: { frontend: "accepting", slots: slots("a") },
      replica: { frontend: "accepting", slots: slots("b") },
    },
    whitelist: { kind: "unknown", why: "the test" },
    oldWorkers: [],
    capacities: [],
  };
}

const answers = {
  quorum: "a@5",
  roles: { a: "leader", b: "replica", c: "replica" },
  ports: { a: "open", b: "open", c: "open" },
  leaving: false,
  paused: false,
};
const copy = formatDocument({
  ...DOCUMENT,
  nodes: { "orders-1": { address: "10.0.0.1", port: 5432 } },
});

for (const document of [copy, undefined, "no document"]) {
  const kept = document === copy ? "with the last document" : `with ${document ?? "nothing"}`;
  test(`a portal whose history is lost, ${kept} beside it, opens to nobody until the generation rises`, () => {
    const lost = lostLineage("is not JSON", document);
    const before = adopt(DOCUMENT, lost, haproxyServing(false), 100);
    const shut = judge(DOCUMENT, before, viewOf(answers, 200), 200);

    assert.equal(shut.endpoints.primary?.gate, "closed");
    assert.match(
      String(shut.endpoints.primary?.why),
      /is not JSON.*raise the deployment's generation/,
    );
    assert.deepEqual(new Set(Object.values(shut.endpoints.replica?.slots ?? {})), new Set(["cut"]));

    const next = { ...DOCUMENT, generation: 2 };
    const opened = judge(next, shut.memory, viewOf(answers, 300), 300);

    assert.equal(opened.endpoints.primary?.gate, "open");
    assert.equal(opened.endpoints.primary?.slots.a, "ready");
    assert.equal(opened.memory.lineage.lost, undefined);
  });
}

test("whom HAProxy serves while the history is lost is not cut, but nobody follows it", () => {
  const lost = lostLineage("is not JSON", copy);
  const before = adopt(DOCUMENT, lost, haproxyServing(true), 100);
  const goesOn = judge(DOCUMENT, before, viewOf(answers, 200), 200);
  assert.equal(goesOn.endpoints.primary?.slots.a, "ready");
  assert.deepEqual(goesOn.endpoints.replica?.slots, { a: "cut", b: "ready", c: "cut" });

  const moved = {
    ...answers,
    quorum: "b@6",
    roles: { ...answers.roles, a: "replica", b: "leader" },
  };
  const after = judge(DOCUMENT, goesOn.memory, viewOf(moved, 300), 300);
  assert.notEqual(after.endpoints.primary?.gate, "open");
  assert.equal(after.endpoints.primary?.slots.b, "cut");
});

test("a document of a generation above the lost history's begins anew at once", () => {
  const next = { ...DOCUMENT, generation: 2 };
  const { lineage } = adopt(next, lostLineage("is not JSON", copy), haproxyServing(false), 100);

  assert.deepEqual(lineage, { generation: 2 });
});

test("a history that can't be read is not written over before a new one begins", async (t) => {
  const path = await stateFile(t);
  await writeDurably(path, "broken");
  const lost = lostLineage("is not JSON", copy);
  const write = (text: string) => writeDurably(path, text);
  const keep = createKeeper({ write, lineage: lost, log: { error: assert.fail } });
  keep(lost);
  await new Promise((next) => setImmediate(next));

  assert.equal(await readFile(path, "utf8"), "broken");
});
