import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

import { createRefusals } from "../../proxy-image/src/apply/refusals.ts";

/** A stand-in of HAProxy's socket: every table of refused sources has the same totals. */
function tablesFor(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "refusals-"));
  const socket = join(folder, "admin.sock");
  let totals: Readonly<Record<string, number>> = {};
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => {});
    client.on("data", (chunk) => {
      const rows = Object.entries(totals).map(
        ([key, count], at) =>
          `0x${at + 1}: key=${key.includes(":") ? key : `::ffff:${key}`} use=0 exp=1 shard=0 conn_cnt=${count}`,
      );
      const answer = `${["# table: t, type: ipv6, size:102400, used:1", ...rows].join("\n")}\n\n`;
      client.write(answer.repeat(chunk.toString().split(";").length));
    });
  }).listen(socket);
  t.after(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    socket,
    refused: (next: typeof totals) => {
      totals = next;
    },
  };
}

const MINUTE = 60_000;
const NOW = 1_800_000_000_000;

for (const [what, startedAgo, first, reported] of [
  ["an agent that starts anew tells no refusal a second time", 10 * MINUTE, 7, []],
  ["an agent that starts with its HAProxy tells what was refused before its first look", 0, 7, [7]],
] as const) {
  test(what, async (t) => {
    const { socket, refused } = tablesFor(t);
    const refusals = createRefusals(socket, NOW);
    const worker = `7@${(NOW - startedAgo) / 1000}`;
    const counts = async (of: string) => {
      const reading = await refusals.look([], of);
      assert.equal(reading.kind, "denied", JSON.stringify(reading));
      return reading.kind === "denied" ? reading.sources.map(({ count }) => count) : [];
    };

    refused({ "203.0.113.7": first });
    assert.deepEqual(await counts(worker), reported);
    refused({ "203.0.113.7": first + 2, "203.0.113.8": 1 });
    assert.deepEqual(await counts(worker), [2, 1]);
    refused({ "203.0.113.7": 3 });
    assert.deepEqual(await counts("9@1800000060"), [3], "another worker counts from zero");
  });
}

test("of 10,000 IPv6 sources refused in one look each is told once, and none is remembered that HAProxy has forgotten", async (t) => {
  const { socket, refused } = tablesFor(t);
  const refusals = createRefusals(socket, NOW);
  const totals = (network: string, total: number) =>
    Object.fromEntries(
      Array.from({ length: 10_000 }, (_, n) => [`2001:db8:${network}::${n.toString(16)}`, total]),
    );
  const reported = async () => {
    const reading = await refusals.look([], `7@${NOW / 1000}`);
    assert.equal(reading.kind, "denied", JSON.stringify(reading));
    return reading.kind === "denied" ? reading.sources : [];
  };

  refused(totals("a", 2));
  const first = await reported();
  assert.equal(new Set(first.map(({ source }) => source)).size, 10_000);
  assert.equal(first[10]?.source, "2001:db8:a::a");
  refused(totals("a", 3));
  assert.deepEqual(new Set((await reported()).map(({ count }) => count)), new Set([1]));
  refused(totals("b", 2));
  assert.equal((await reported()).length, 10_000);
  refused(totals("a", 3));
  assert.deepEqual(
    new Set((await reported()).map(({ count }) => count)),
    new Set([3]),
    "what it had in the last look but one",
  );
});
