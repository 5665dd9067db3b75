import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";

import { createDocuments } from "../../proxy-image/src/agent/documents.ts";
import { createEnded } from "../../proxy-image/src/agent/state.ts";
import type { Configured } from "../../proxy-image/src/apply/results.ts";
import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { formatDocument } from "../../proxy-image/src/contract.ts";
import { writeDurably } from "../../proxy-image/src/files.ts";
import type { Actual, Whitelist } from "../../proxy-image/src/model/haproxy.ts";
import type { Fetched } from "../../proxy-image/src/source.ts";
import { fileSource, read } from "../../proxy-image/src/source.ts";
import { DOCUMENT } from "../judge/scenario.ts";
import { createMessages } from "../s3-source/portal.ts";

const document = { ...DOCUMENT, nodes: { "orders-1": { address: "10.0.0.1", port: 5432 } } };

const HAPROXY: Actual = {
  ...{ worker: "7@1", endpoints: {}, oldWorkers: [], capacities: [] },
  whitelist: { kind: "unknown", why: "the test" },
};

const full: Configured = { kind: "refused", why: "ENOSPC: no space left on device" };
const good: Configured = { kind: "unchanged" };

/** Documents between a source that says what the test says, and a stand-in of HAProxy that takes them or doesn't. */
async function createDesk(t: TestContext, answers: Configured[]) {
  const folder = await mkdtemp(join(tmpdir(), "documents-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  let now = 0;
  let generation = 1;
  let next: Fetched = { kind: "same" };
  const served: string[] = [];
  const log: string[] = [];
  const offered: Whitelist[] = [];
  let latest: number | undefined;
  let asked = 0;
  const path = join(folder, "document.json");
  const file = fileSource(path);
  const desk = (source: { fetch: () => Promise<Fetched> }) =>
    createDocuments({
      source,
      haproxy: {
        execute: async ([command]) => {
          assert.ok(command?.kind === "configure");
          asked++;
          offered.push(command.whitelist());
          const configured = answers.shift() ?? good;
          return { kind: "applied", ms: 0, cut: [], configured, certificates: [], endedSsh: [] };
        },
        read: async () =>
          latest === undefined
            ? { kind: "unreadable", why: "there is none" }
            : { kind: "actual", actual: { ...HAPROXY, latest } },
      },
      log: createMessages(log),
      clock: () => now,
      copy: join(folder, "copy.json"),
      ended: createEnded({
        ...{ known: [], write: async () => {} },
        log: { error: assert.fail, warn: assert.fail },
      }),
      generation: () => generation,
      serve: async (taken) => {
        generation = taken.generation;
        served.push(taken.deployment);
      },
    });
  return {
    documents: desk({ fetch: async () => next }),
    fromFile: () => desk(file),
    put: (name: string, ofGeneration: number) =>
      writeDurably(
        path,
        formatDocument({ ...document, deployment: name, generation: ofGeneration }),
      ),
    served,
    log,
    asked: () => asked,
    offered,
    haproxyHasSeen: (wall: number) => {
      latest = wall;
    },
    advance: (ms: number) => {
      now += ms;
    },
    brings: async (name: string, whitelist: PortalDocument["whitelist"] = {}) => {
      next = await read(formatDocument({ ...document, deployment: name, whitelist }));
    },
    bringsNothingNew: () => {
      next = { kind: "same" };
    },
    brokenComes: () => {
      next = { kind: "refused", why: "is not JSON", digest: "d2" };
    },
  };
}

test("a document that HAProxy could not take for the moment is offered again, until it is taken", async (t) => {
  const { documents, ...desk } = await createDesk(t, [full, full]);
  await desk.brings("orders");
  await documents.look();
  desk.bringsNothingNew();
  for (let round = 0; round < 40; round++) {
    desk.advance(300);
    await documents.look();
  }

  assert.deepEqual(desk.served, ["orders"]);
  assert.equal(desk.asked(), 3, "every 5 s, and not again once it is taken");
  assert.equal(documents.refused(), null);
  assert.match(String(desk.log[0]), /^!.*last good one stays in force: it is refused: ENOSPC/);
  assert.deepEqual(desk.log.slice(1), ["The document is taken up"]);
});

test("what has ended by HAProxy's clock, which was ahead, isn't in the list that a new process of HAProxy's begins with", async (t) => {
  const { documents, ...desk } = await createDesk(t, []);
  const until = new Date(Date.now() + 30_000).toISOString();
  await desk.brings("orders", { "10.1.0.0/16": { note: "for a while", until } });

  await documents.look();
  desk.haproxyHasSeen(Date.now() + 40_000);
  await desk.brings("billing", { "10.1.0.0/16": { note: "for a while", until } });
  await documents.look();

  assert.deepEqual(
    desk.offered.map((list) => list?.map(({ cidr }) => cidr)),
    [["10.1.0.0/16"], []],
  );
});

test("a document that could not be taken is forgotten when a newer one comes, good or bad", async (t) => {
  const { documents, ...desk } = await createDesk(t, [full, good]);
  await desk.brings("orders");
  await documents.look();
  await desk.brings("billing");
  await documents.look();
  desk.bringsNothingNew();
  desk.advance(60_000);
  await documents.look();
  assert.deepEqual(desk.served, ["billing"]);

  desk.brokenComes();
  await documents.look();
  desk.bringsNothingNew();
  desk.advance(60_000);
  await documents.look();
  assert.deepEqual(desk.served, ["billing"]);
  assert.match(String(documents.refused()?.why), /not JSON/);
});

test("a file with a document of an older generation is refused, and one of a newer generation is taken", async (t) => {
  const desk = await createDesk(t, []);
  const documents = desk.fromFile();
  for (const [name, generation] of [
    ["second", 2],
    ["first", 1],
    ["third", 3],
  ] as const) {
    await desk.put(name, generation);
    await documents.look();
    if (name === "first") {
      assert.equal(documents.refused()?.why, "is of generation 1, 2 was seen");
    }
  }

  assert.deepEqual(desk.served, ["second", "third"]);
  assert.equal(documents.refused(), null);
});
