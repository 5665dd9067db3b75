import assert from "node:assert/strict";
import { test } from "node:test";

import type { HaproxyEvent } from "../../proxy-image/src/apply/results.ts";
import { logEvent } from "../../proxy-image/src/report/haproxy.ts";

const revoked = [{ endpoint: "primary", source: "203.0.113.7", sessions: 2 }];
const cut = "2 sessions of 203.0.113.7 on primary are cut: no longer on the whitelist";

for (const [what, event, logged] of [
  [
    "a whitelist in force, and whom it cut",
    { kind: "whitelist-in-force", digest: "d", entries: 3, ms: 4, revoked },
    ["info The whitelist is in force: 3 entries", `warn ${cut}`],
  ],
  [
    "sessions that were on their way to a node when their source was taken off the list",
    { kind: "late-revoked", revoked },
    [`warn ${cut}`],
  ],
  [
    "a whitelist that could not be changed",
    { kind: "whitelist-failed", digest: "d", inForce: false, why: "no answer" },
    ["error The whitelist could not be changed: no answer"],
  ],
  [
    "a whitelist that could not be kept",
    { kind: "whitelist-failed", digest: "d", inForce: true, why: "no space" },
    ["error The whitelist is in force, and can't be kept for a restart: no space"],
  ],
  [
    "sessions found after the cut",
    { kind: "leftover-cut", endpoint: "primary", node: "orders-1", sessions: 1 },
    ["warn sessions left on orders-1 after it was taken out have been ended: 1"],
  ],
  [
    "a hold that failed",
    { kind: "hold-failed", endpoint: "primary", why: "no answer" },
    ["error primary could not be held: no answer"],
  ],
] as const satisfies readonly (readonly [string, HaproxyEvent, readonly string[]])[]) {
  test(`the log tells of ${what}`, () => {
    const lines: string[] = [];
    const to = (level: string) => (_facts: unknown, msg?: string) => {
      lines.push(`${level} ${msg}`);
    };
    logEvent({ info: to("info"), warn: to("warn"), error: to("error") }, event);

    assert.deepEqual(lines, logged);
  });
}
