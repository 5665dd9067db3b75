import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { formatDocument, type PortalDocument } from "../../proxy-image/src/contract.ts";
import { fileSource, read } from "../../proxy-image/src/source.ts";

const document: PortalDocument = {
  contract: 1,
  deployment: "orders",
  engine: "postgresql",
  generation: 1,
  nodes: { "orders-1": { address: "10.0.0.1", port: 5432 } },
  evidence: { kind: "patroni", scope: "orders", patroni: 8008, etcd: 2379 },
  endpoints: { primary: { port: 5432, route: "primary" } },
  status: 8404,
  maxLag: 0,
  timing: { hold: 30, silence: 10, drain: 60 },
  fallback: "off",
  open: false,
  whitelist: { "203.0.113.0/24": "Berlin office" },
};

const many = Object.fromEntries(
  Array.from({ length: 20_000 }, (_, i) => [`11.0.${i >> 8}.${i & 255}/32`, "one of many"]),
);

test("a long document is judged like a short one, and the loop goes on meanwhile", async () => {
  let longest = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  const text = formatDocument({ ...document, whitelist: many });
  const started = performance.now();
  const fetched = await read(text);
  const took = performance.now() - started;
  clearInterval(beat);

  assert.equal(fetched.kind, "document");
  assert.deepEqual(fetched.kind === "document" && fetched.document.whitelist, many);
  assert.ok(longest < took * 0.8, `the loop stood still for ${longest} of ${took} ms`);
});

test("a mistake in a long document is named", async () => {
  const bad = { ...document, whitelist: { ...many, "203.0.113.7/24": "host bits" } };

  const fetched = await read(formatDocument(bad));

  assert.equal(fetched.kind, "refused");
  assert.match(
    fetched.kind === "refused" ? fetched.why : "",
    /203\.0\.113\.7\/24: must be a canon/,
  );
});

test("a file is looked at again only when it was replaced, and its absence is told", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "source-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "document.json");
  const source = fileSource(path);
  const replace = async (text: string) => {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  };
  const seen: string[] = [];
  const look = async () => seen.push((await source.fetch()).kind);

  await look();
  await look();
  await replace(formatDocument(document));
  await look();
  await look();
  await replace("{");
  await look();
  await look();

  assert.deepEqual(seen, ["failed", "failed", "document", "same", "refused", "same"]);
});
