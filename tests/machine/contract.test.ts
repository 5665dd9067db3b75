import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { sharedMemory } from "../../infra/model/node-settings.ts";
import { machineService } from "../../infra/target/machine-service.ts";
import { runToEnd } from "../support/docker.ts";
import { machineImage } from "../support/machine/machine.ts";

const node = {
  contract: 1,
  role: "node",
  image: `sha256:${"0a".repeat(32)}`,
  memory: 1024,
  volume: { serial: "vol0123456789abcdef0", mount: "/var/lib/portico-data" },
};
const { volume, ...rest } = node;
const portal = { ...rest, role: "portal", documentKey: "orders/document.json" };
const after = { key: "reported/orders/orders-portal-1/machine.json" };

const MISTAKES: readonly (readonly [content: unknown, why: string | null])[] = [
  [node, null],
  [portal, null],
  [{ ...portal, after }, null],
  [[], "must hold an object"],
  [{}, "has contract None, this service reads 1"],
  [{ ...node, contract: 2, sooner: true }, "has contract 2, this service reads 1"],
  [{ ...node, image: "portico/node:latest" }, "image must be sha256: and 64 hex digits"],
  [{ ...node, image: `${node.image}\n` }, "image must be sha256: and 64 hex digits"],
  [{ ...node, memory: true }, "memory must be at least 64 (MiB)"],
  [rest, "a node must have a volume"],
  [
    { ...node, volume: { ...volume, mount: "/etc" } },
    "volume must hold a serial (vol and hex digits) and a mount below /var/lib, nothing else",
  ],
  [{ ...portal, volume }, "'volume' not known for a portal"],
  [
    { ...portal, after: { ...after, or: "never" } },
    "after must hold the key of another machine's report, nothing else",
  ],
  [
    { ...portal, role: "proxy", imagee: 1 },
    "role must be node or portal; 'documentKey', 'imagee' not known for a proxy",
  ],
];

const NOW = "2026-11-23T12:00:00+00:00";
const well = {
  ...{ machine: "orders-portal-1", image: "new", healthy: true, why: "it serves", at: NOW },
};

const WAITS: readonly (readonly [report: unknown, why: string | null])[] = [
  [well, null],
  [{ ...well, at: "2026-11-23T11:58:00+00:00" }, null],
  [{ ...well, image: "old" }, "orders-portal-1 does not run this image yet"],
  [{ ...well, image: null }, "orders-portal-1 does not run this image yet"],
  [
    { ...well, healthy: false, why: "no document" },
    "orders-portal-1 runs this image and is not healthy: no document",
  ],
  [
    { ...well, at: "2026-11-23T11:56:00+00:00" },
    "orders-portal-1 has not reported since 11:56:00 UTC",
  ],
  [{ machine: "x", at: NOW }, "its report can't be read: KeyError('image')"],
  [[], "its report can't be read: TypeError('list indices must be integers or slices, not str')"],
];

/** MiB. */
const MEMORIES = [512, 1024, 1537, 8192];

test("half of a node's memory is for /dev/shm, and 512 MiB at least", () => {
  assert.deepEqual(MEMORIES.map(sharedMemory), [512, 512, 768, 4096]);
});

const SCRIPT = `
import ast, json, sys, zipfile
from datetime import datetime
sys.path.insert(0, "/case/service")
from portico_machine.container import shared_memory
from portico_machine.report import waits_for
from portico_machine.wanted import Unusable, parse

def mistake(content):
    try:
        parse(json.dumps(content))
    except Unusable as why:
        return str(why)

cases = json.load(open("/case/cases.json"))
now = datetime.fromisoformat(cases["now"])
archive = zipfile.ZipFile("/case/service")
for name in archive.namelist():
    ast.parse(archive.read(name), name, feature_version=(3, 9))
print(json.dumps({
    "mistakes": [mistake(content) for content, _ in cases["mistakes"]],
    "waits": [waits_for("new", json.dumps(report), now) for report, _ in cases["waits"]],
    "shared": [shared_memory(memory) for memory in cases["memories"]],
}))
`;

test("machine.json is read strictly, a turn is awaited for a reason, /dev/shm is the model's, and all of it is Python 3.9", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "machine-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "service"), machineService().archive);
  const cases = { now: NOW, mistakes: MISTAKES, waits: WAITS, memories: MEMORIES };
  writeFileSync(join(folder, "cases.json"), JSON.stringify(cases));

  const { output } = await runToEnd(
    {
      Image: await machineImage(),
      Entrypoint: ["python3", "-c", SCRIPT],
      HostConfig: { Binds: [`${folder}:/case:ro`], NetworkMode: "none" },
    },
    30_000,
  );

  const results: unknown = JSON.parse(output);
  assert.deepEqual(results, {
    mistakes: MISTAKES.map(([, why]) => why),
    waits: WAITS.map(([, why]) => why),
    shared: MEMORIES.map(sharedMemory),
  });
});
