import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import type { TestContext } from "node:test";
import { test } from "node:test";
import pino from "pino";

import { observeRing, viewOf } from "../../../../proxy-image/src/engines/scylladb/engine.ts";
import type { Role } from "../../../../proxy-image/src/model/view.ts";
import { until } from "../../../../tests/observe/support/until.ts";
import type { CqlStandIn } from "./stand-in.ts";
import { startCql } from "./stand-in.ts";

const ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"] as const;
const IDENTITY = {
  ca: "",
  cert: "",
  key: "",
  logins: { cql: { user: "portal", password: "secret" } },
};

/** Three nodes on one port of three loopback addresses, and a portal's observer of them. */
async function start(t: TestContext, identity: typeof IDENTITY | { logins: object } = IDENTITY) {
  const first = await startCql(ADDRESSES[0]);
  const { port } = first;
  const nodes = [first];
  for (const address of ADDRESSES.slice(1)) nodes.push(await startCql(address, port));
  const observer = observeRing({
    document: {
      engine: "scylladb",
      evidence: { kind: "cql", port, cluster: "events" },
      nodes: Object.fromEntries(
        ADDRESSES.map((address, index) => [`events-${index + 1}`, { address, port }]),
      ),
    },
    identity: { ...IDENTITY, ...identity } as typeof IDENTITY,
    clock: () => performance.now(),
    onChange: () => {},
    log: pino({ enabled: false }),
  });
  t.after(async () => {
    observer.stop();
    await Promise.all(nodes.map((node) => node.stop()));
  });
  const role = (ordinal: number): Role => {
    const { role } = observer.view(performance.now()).nodes[`events-${ordinal}`] ?? {};
    assert.ok(role);
    return role;
  };
  const whole = () =>
    until("a whole ring", () => [1, 2, 3].every((ordinal) => role(ordinal).kind === "serving"));
  const [, second] = nodes as [CqlStandIn, CqlStandIn, CqlStandIn];
  return { first, second, role, whole };
}

test("every node that answers and is of the ring serves; nobody leads", async (t) => {
  const { whole } = await start(t);
  await whole();
});

test("a node whose process died is silent, and the others are not", async (t) => {
  const { second, role, whole } = await start(t);
  await whole();

  await second.stop();

  await until("its silence", () => role(2).kind === "silent");
  assert.equal(role(1).kind, "serving");
  assert.equal(role(3).kind, "serving");
});

test("a node that is frozen is silent with its reason, and serves again over a new connection or the old one", async (t) => {
  const { second, role, whole } = await start(t);
  await whole();

  second.mode = "frozen";
  await until("its silence, with the reason", () => {
    const is = role(2);
    return is.kind === "silent" && /^CQL gives no answer in \d+ ms$/.test(is.why);
  });

  second.mode = "serves";
  await whole();
});

for (const [what, arrange, why] of [
  [
    "of another ring",
    (node: CqlStandIn) => {
      node.cluster = "orders";
    },
    'is of the cluster "orders", not of "events"',
  ],
  [
    "that speaks another protocol",
    (node: CqlStandIn) => {
      node.mode = "no-cql";
    },
    "doesn't let the portal in: its answer is not CQL",
  ],
  [
    "that refuses the portal's login",
    (node: CqlStandIn) => {
      node.mode = "refuses-login";
    },
    "doesn't let the portal in: wrong password",
  ],
] as const)
  test(`a node ${what} never serves, and the reason is told`, async (t) => {
    const { second, role, whole } = await start(t);
    await whole();

    arrange(second);
    second.drop();

    await until("the reason", () => {
      const is = role(2);
      return is.kind === "neither" && is.why === why;
    });
    assert.equal(role(1).kind, "serving");
  });

test("a node that refuses the login is not asked for it all the time: a login costs it dearly", async (t) => {
  const { second, role, whole } = await start(t);
  await whole();
  second.mode = "refuses-login";
  second.drop();
  await until("the refusal", () => role(2).kind === "neither");
  const before = second.logins();
  const at = performance.now();

  await until("another try", () => second.logins() > before);

  assert.ok(performance.now() - at > 1000);
});

test("a portal without a login tells so", async (t) => {
  const { role } = await start(t, { logins: {} });

  await until("the reason", () => {
    const is = role(1);
    return is.kind === "neither" && /the portal has none/.test(is.why);
  });
});

test("events of nodes that nobody knows change nothing", async (t) => {
  const { first, whole } = await start(t);
  await whole();

  first.push("DOWN", "203.0.113.9");
  first.push("UP", "127.0.0.2");

  await whole();
});

const state = (kind: "answer" | "miss", at: number) =>
  kind === "answer"
    ? { answer: { askedAt: at, content: { kind: "serves", cluster: "events" } as const } }
    : { misses: { count: 2, since: at, why: "refuses connections" } };

test("one miss is no silence, two are, and an answer grows old", () => {
  const one = { ...state("answer", 900), misses: { count: 1, since: 1000, why: "late" } };
  const roleAt = (source: object, now: number) =>
    viewOf({ awakeSince: 0, sources: { a: source } }, "events", now).nodes.a?.role;

  assert.deepEqual(roleAt(one, 1000), { kind: "serving", at: 900 });
  assert.deepEqual(roleAt(state("miss", 1000), 1100), {
    kind: "silent",
    since: 1000,
    why: "CQL refuses connections",
  });
  assert.equal(roleAt(state("answer", 900), 4000)?.kind, "silent");
});
