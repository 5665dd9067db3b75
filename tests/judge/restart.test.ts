import assert from "node:assert/strict";
import { test } from "node:test";

import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { isSettled, judge } from "../../proxy-image/src/judge/judge.ts";
import type { Lineage } from "../../proxy-image/src/judge/memory.ts";
import { adopt } from "../../proxy-image/src/judge/memory.ts";
import type { Actual, ActualSlot } from "../../proxy-image/src/model/haproxy.ts";
import { DOCUMENT, viewOf } from "./scenario.ts";

type Admin = ActualSlot["admin"];
type Frontend = Actual["endpoints"][string]["frontend"];

const LINEAGE: Lineage = { generation: 1, highest: { epoch: [5], node: "a", at: 0 } };

function haproxy(
  frontend: Frontend,
  primary: Record<string, Admin>,
  replica: Record<string, Admin>,
): Actual {
  const slots = (admins: Record<string, Admin>) =>
    Object.fromEntries(
      Object.entries(admins).map(([name, admin]) => [
        name,
        { admin, up: true, sessions: 0, fallbackSessions: 0 },
      ]),
    );
  return {
    worker: "1",
    endpoints: {
      primary: { frontend, slots: slots(primary) },
      replica: { frontend: "accepting", slots: slots(replica) },
    },
    whitelist: { kind: "unknown", why: "" },
    oldWorkers: [],
    capacities: [],
  };
}

test("a new agent goes on with the leader and the readers that HAProxy serves", () => {
  const actual = haproxy(
    "accepting",
    { a: "ready", b: "maint", c: "maint" },
    { a: "maint", b: "ready", c: "drain" },
  );

  const { gate, readers, lineage } = adopt(DOCUMENT, LINEAGE, actual, 100);

  assert.deepEqual([gate.kind, gate.kind === "open" && gate.node], ["open", "a"]);
  assert.deepEqual(readers, {
    a: { kind: "cut" },
    b: { kind: "ready" },
    c: { kind: "drain", since: 100 },
  });
  assert.equal(lineage, LINEAGE);
});

test("a new agent that comes in the midst of a switch goes on with the new leader", () => {
  for (const slots of [{ a: "drain", b: "ready" } as const, { a: "ready", b: "drain" } as const]) {
    const { gate } = adopt(DOCUMENT, LINEAGE, haproxy("accepting", slots, {}), 100);

    const leader = slots.a === "ready" ? "a" : "b";
    assert.deepEqual([gate.kind, gate.kind === "open" && gate.node], ["open", leader]);
  }
});

test("a new agent goes on with a hold, and keeps whom it kept", () => {
  const actual = haproxy("ending", { a: "ready", b: "maint" }, {});

  assert.deepEqual(adopt(DOCUMENT, LINEAGE, actual, 100).gate, {
    kind: "held",
    keep: "a",
    since: 100,
    why: "HAProxy holds",
  });
});

test("a HAProxy that was started anew serves nobody, and so does the agent", () => {
  const actual = haproxy("accepting", { a: "maint", b: "maint" }, { a: "maint" });

  assert.equal(adopt(DOCUMENT, LINEAGE, actual, 100).gate.kind, "closed");
});

test("the history of another generation is not taken up", () => {
  const actual = haproxy("accepting", { a: "ready" }, {});

  const memory = adopt({ ...DOCUMENT, generation: 2 }, LINEAGE, actual, 100);

  assert.deepEqual(memory.lineage, { generation: 2 });
  assert.equal(memory.gate.kind, "closed");
});

const roles = { a: "leader", b: "silent", c: "silent" };
const answers = { quorum: "a@5", roles, ports: {}, leaving: false, paused: false };

test("answers from before a freeze settle nothing; those from after it do", () => {
  assert.equal(isSettled(viewOf(answers, 90), "a", 100, 110), false);
  assert.equal(isSettled(viewOf(answers, 105), "a", 100, 110), true);
});

test("the quorum's answer alone settles nothing while the leader has not been heard", () => {
  const view = viewOf({ ...answers, roles: { ...roles, a: "silent" } }, 105);

  assert.equal(isSettled(view, "a", 100, 110), false);
  assert.equal(isSettled(view, undefined, 100, 110), true);
});

test("after a second and a half silence is an answer too", () => {
  const view = viewOf({ ...answers, quorum: "unknown" }, 105);

  assert.equal(isSettled(view, "a", 100, 1599), false);
  assert.equal(isSettled(view, "a", 100, 1600), true);
});

const SPREADS: PortalDocument = {
  ...DOCUMENT,
  endpoints: { any: { port: 5671, route: "any" } },
};

function spreading(frontend: Frontend, admins: Record<string, Admin>): Actual {
  const { endpoints, ...rest } = haproxy(frontend, admins, {});
  return { ...rest, endpoints: { any: { frontend, slots: endpoints.primary?.slots ?? {} } } };
}

test("a new agent goes on with the nodes that HAProxy serves, and with those that drain", () => {
  const actual = spreading("accepting", { a: "ready", b: "drain", c: "maint" });

  const { members, anyGate } = adopt(SPREADS, undefined, actual, 100);

  assert.deepEqual(members, {
    a: { kind: "ready" },
    b: { kind: "drain", since: 100 },
    c: { kind: "cut" },
  });
  assert.equal(anyGate.kind, "open");
});

test("a new agent goes on with a hold of an endpoint over any node, and with one that is closed", () => {
  const slots: Record<string, Admin> = { a: "drain", b: "maint", c: "maint" };

  assert.equal(adopt(SPREADS, undefined, spreading("ending", slots), 100).anyGate.kind, "held");
  assert.equal(
    adopt(SPREADS, undefined, spreading("accepting", slots), 100).anyGate.kind,
    "closed",
  );
});

const members = { a: "serving", b: "serving", c: "serving" };
const leaderless = { ...answers, quorum: "leaderless", roles: members };

test("without a leader every node must have been heard, or a second and a half have passed", () => {
  const oneSilent = viewOf({ ...leaderless, roles: { ...members, b: "silent" } }, 105);

  assert.equal(isSettled(viewOf(leaderless, 90), undefined, 100, 110), false);
  assert.equal(isSettled(viewOf(leaderless, 105), undefined, 100, 110), true);
  assert.equal(isSettled(oneSilent, undefined, 100, 110), false);
  assert.equal(isSettled(oneSilent, undefined, 100, 1600), true);
});

test("a restarted agent that finds a node silent sends nobody there, and cuts it when it stays so", () => {
  const before = adopt(SPREADS, undefined, spreading("accepting", { a: "ready", b: "ready" }), 100);
  const silentSince = (at: number, since: number) =>
    viewOf({ ...leaderless, roles: { ...members, b: `silent~${at - since}` } }, at);

  const first = judge(SPREADS, before, silentSince(1600, 1300), 1600);
  const second = judge(SPREADS, first.memory, silentSince(4300, 1300), 4300);

  assert.deepEqual(first.endpoints.any?.slots, { a: "ready", b: "drain", c: "ready" });
  assert.deepEqual(second.endpoints.any?.slots, { a: "ready", b: "cut", c: "ready" });
});
