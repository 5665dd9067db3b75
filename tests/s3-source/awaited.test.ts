import assert from "node:assert/strict";
import { test } from "node:test";

import { awaitVerdict, parseReport } from "../../infra/provider/applied.ts";

test("a portal that refused what has no digest, since it was too long to be read, is no silent one", async (t) => {
  const refused = { digest: null, why: "is over 33554432 bytes long" };
  const report = parseReport(JSON.stringify({ at: 2, digest: "of the first", refused }));

  const verdict = await awaitVerdict(async () => report, "of the second", 1, {
    silentMs: 100,
    totalMs: 300,
    everyMs: 20,
    stop: t.signal,
  });

  assert.equal(verdict.kind, "late");
});
