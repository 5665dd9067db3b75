import assert from "node:assert/strict";
import { test } from "node:test";

import { whitelistDigest } from "../../proxy-image/src/judge/whitelist.ts";
import type { Actual, ActualSlot, Slot, Wanted } from "../../proxy-image/src/model/haproxy.ts";
import { plan, planCertificates } from "../../proxy-image/src/plan/plan.ts";

const block = (cidr: string, until = Number.POSITIVE_INFINITY) => ({ cidr, until });
const LIST = [block("10.0.0.0/8")];
const OPEN: ActualSlot = { admin: "ready", up: true, sessions: 0, fallbackSessions: 0 };
const OUT: ActualSlot = { admin: "maint", up: false, sessions: 0, fallbackSessions: 0 };

type Frontend = Actual["endpoints"][string]["frontend"];

function actual(
  slots: Record<string, ActualSlot>,
  frontend: Frontend = "accepting",
  waiting?: ActualSlot,
): Actual {
  return {
    worker: "7@1",
    endpoints: { primary: { frontend, slots, ...(waiting && { waiting }) } },
    whitelist: { kind: "known", digest: whitelistDigest(LIST) },
    oldWorkers: [],
    capacities: [],
  };
}

function wanted(slots: Record<string, Slot>, gate: "open" | "held" | "closed" = "open"): Wanted {
  return { endpoints: { primary: { gate, slots, why: "test" } }, whitelist: LIST };
}

/** Commands as short lines, so that a table shows what is said and in which order. */
function planned(is: Actual, should: Wanted): readonly string[] {
  return plan(is, should).map((command) => {
    switch (command.kind) {
      case "setWhitelist":
        return `whitelist ${command.list?.map(({ cidr }) => cidr).join(",") ?? "open"}`;
      case "cutOldWorker":
        return `cut ${command.pid} ${command.node}`;
      case "open":
        return `open ${command.node} through ${command.through}`;
      default:
        return "node" in command ? `${command.kind} ${command.node}` : command.kind;
    }
  });
}

for (const [sentence, is, should, commands] of [
  [
    "before a leader goes with nobody in its place, who is still connecting to it gets where to wait",
    actual({ a: OPEN, b: OUT }, "held", OUT),
    wanted({ a: "cut", b: "cut" }, "held"),
    ["open waiting through maint", "drain a", "shutdownSessions a"],
  ],
  [
    "where to wait stays while somebody leads, since HAProxy takes it only where no slot is open",
    actual({ a: OPEN, b: OUT }, "accepting", OPEN),
    wanted({ a: "ready", b: "cut" }),
    [],
  ],
  [
    "where to wait is opened anew once HAProxy has taken it for down",
    actual({ a: OPEN, b: OUT }, "accepting", { ...OPEN, up: false }),
    wanted({ a: "ready", b: "cut" }),
    ["open waiting through maint"],
  ],
  [
    "nobody waits where everybody is refused",
    actual({ a: OUT, b: OUT }, "accepting", OPEN),
    wanted({ a: "cut", b: "cut" }, "closed"),
    ["drain waiting"],
  ],
  [
    "what is as it should be takes no command",
    actual({ a: OPEN, b: OUT }),
    wanted({ a: "ready", b: "cut" }),
    [],
  ],
  [
    "a switch takes the old leader out, ends its sessions, opens the new one and releases, in this order",
    actual({ a: { ...OPEN, sessions: 3 }, b: OUT }, "held"),
    wanted({ a: "cut", b: "ready" }),
    ["drain a", "shutdownSessions a", "open b through maint", "release"],
  ],
  [
    "a slot that is out of the rotation is out of service once it is empty, and not before",
    actual({ a: { ...OPEN, admin: "drain", sessions: 1 }, b: OPEN }),
    wanted({ a: "cut", b: "ready" }),
    ["shutdownSessions a"],
  ],
  [
    "an empty one goes out of service",
    actual({ a: { ...OPEN, admin: "drain" }, b: OPEN }),
    wanted({ a: "cut", b: "ready" }),
    ["maint a"],
  ],
  [
    "a hold comes before everything else, and keeps a leader that is not disproved",
    actual({ a: { ...OPEN, sessions: 3 }, b: OUT }),
    wanted({ a: "ready", b: "cut" }, "held"),
    ["hold"],
  ],
  [
    "a leader disproved during a hold is cut, and nobody is opened",
    actual({ a: { ...OPEN, sessions: 3 }, b: OUT }, "held"),
    wanted({ a: "cut", b: "cut" }, "held"),
    ["drain a", "shutdownSessions a"],
  ],
  [
    "a held gate opens no slot: there is no proof",
    actual({ a: OUT, b: OUT }, "held"),
    wanted({ a: "ready", b: "cut" }, "held"),
    [],
  ],
  [
    "a hold that is about to end is renewed",
    actual({ a: OUT, b: OUT }, "ending"),
    wanted({ a: "cut", b: "cut" }, "held"),
    ["hold"],
  ],
  [
    "a hold that a dead agent left behind is released",
    actual({ a: OPEN, b: OUT }, "ending"),
    wanted({ a: "ready", b: "cut" }),
    ["release"],
  ],
  [
    "a closed gate lets clients in to be sent away, and keeps the sessions of a leader that is not disproved",
    actual({ a: { ...OPEN, sessions: 2 }, b: OUT }, "held"),
    wanted({ a: "drain", b: "cut" }, "closed"),
    ["drain a", "release"],
  ],
  [
    "a closed gate gives a ready slot no new session either",
    actual({ a: OPEN, b: OUT }),
    wanted({ a: "ready", b: "cut" }, "closed"),
    ["drain a"],
  ],
  [
    "a slot that is ready but down is opened through maint",
    actual({ a: { ...OPEN, up: false }, b: OUT }),
    wanted({ a: "ready", b: "cut" }),
    ["open a through maint"],
  ],
  [
    "a draining slot goes back without maint, which would end its sessions",
    actual({ a: { ...OPEN, admin: "drain", sessions: 9 }, b: OUT }),
    wanted({ a: "ready", b: "cut" }),
    ["open a through ready"],
  ],
  [
    "sessions found on a slot that is already out are ended",
    actual({ a: { ...OUT, sessions: 1 }, b: OPEN }),
    wanted({ a: "cut", b: "ready" }),
    ["shutdownSessions a"],
  ],
  [
    "so are those that HAProxy let in by itself while the agent was silent",
    actual({ a: { ...OUT, fallbackSessions: 1 }, b: OPEN }),
    wanted({ a: "cut", b: "ready" }),
    ["shutdownSessions a"],
  ],
  [
    "a slot that is down is cut by name: its being down ends nothing",
    actual({ a: { ...OPEN, up: false, sessions: 4 }, b: OUT }),
    wanted({ a: "cut", b: "ready" }),
    ["maint a", "shutdownSessions a", "open b through maint"],
  ],
  [
    "a node that nobody speaks of is cut",
    actual({ a: OPEN, b: OPEN }),
    wanted({ a: "ready" }),
    ["drain b", "shutdownSessions b"],
  ],
  [
    "a drained reader stays as it is",
    actual({ a: { ...OPEN, admin: "drain", sessions: 2 }, b: OPEN }),
    wanted({ a: "drain", b: "ready" }),
    [],
  ],
] satisfies readonly (readonly [string, Actual, Wanted, readonly string[]])[]) {
  test(sentence, () => {
    assert.deepEqual(planned(is, should), commands);
  });
}

test("another whitelist is put in force, but never while a swap is under way", () => {
  const is = actual({ a: OPEN });
  const should = { ...wanted({ a: "ready" }), whitelist: [block("192.0.2.0/24")] };
  assert.deepEqual(planned(is, should), ["whitelist 192.0.2.0/24"]);
  assert.deepEqual(planned({ ...is, whitelist: { kind: "changing", digest: "x" } }, should), []);
});

test("a list that this agent didn't put there is put there again", () => {
  const is: Actual = { ...actual({ a: OPEN }), whitelist: { kind: "unknown", why: "restarted" } };
  assert.deepEqual(planned(is, wanted({ a: "ready" })), ["whitelist 10.0.0.0/8"]);
});

test("everybody, nobody, one block, and the same one with an end are four different whitelists", () => {
  const digests = [undefined, [], LIST, [block("10.0.0.0/8", 5)]].map((list) =>
    whitelistDigest(list),
  );
  assert.equal(new Set(digests).size, 4);
});

test("an old worker's sessions are cut on the slots that are cut, and left alone on the others", () => {
  const slots = [
    { endpoint: "primary", node: "a", sessions: 2 },
    { endpoint: "primary", node: "b", sessions: 1 },
    { endpoint: "gone", node: "a", sessions: 1 },
    { endpoint: "primary", node: "c", sessions: 0 },
  ];
  const is: Actual = {
    ...actual({ a: OUT, b: OPEN, c: OUT }),
    oldWorkers: [{ pid: 6, slots }],
  };
  const commands = plan(is, wanted({ a: "cut", b: "ready", c: "cut" }));
  assert.deepEqual(
    commands.map((command) => command.kind === "cutOldWorker" && [command.endpoint, command.node]),
    [
      ["primary", "a"],
      ["gone", "a"],
    ],
  );
});

test("two plans carried out leave nothing to do", () => {
  for (const a of ["ready", "drain", "cut"] as const) {
    for (const gate of ["open", "held", "closed"] as const) {
      const should = wanted({ a, b: "cut" }, gate);
      for (const admin of ["ready", "drain", "maint"] as const) {
        const slot: ActualSlot = { admin, up: admin !== "maint", sessions: 1, fallbackSessions: 0 };
        const is = actual({ a: slot, b: OUT });
        const after = carriedOut(carriedOut(is, should), should);
        assert.deepEqual(planned(after, should), [], `${gate} ${a} from ${admin}`);
      }
    }
  }
});

/** What HAProxy is after a plan, as far as a table can say it. */
function carriedOut(is: Actual, should: Wanted): Actual {
  const { primary } = is.endpoints;
  assert.ok(primary);
  const slots = { ...primary.slots };
  let { frontend } = primary;
  for (const command of plan(is, should)) {
    if (command.kind === "hold") frontend = "held";
    if (command.kind === "release") frontend = "accepting";
    if (!("node" in command)) continue;
    const slot = slots[command.node];
    assert.ok(slot);
    if (command.kind === "maint") slots[command.node] = { ...slot, admin: "maint", up: false };
    if (command.kind === "drain") slots[command.node] = { ...slot, admin: "drain" };
    if (command.kind === "open") slots[command.node] = { ...slot, admin: "ready", up: true };
    if (command.kind === "shutdownSessions") {
      slots[command.node] = { ...slot, sessions: 0, fallbackSessions: 0 };
    }
  }
  return { ...is, endpoints: { primary: { frontend, slots } } };
}

test("a certificate is set that the process isn't known to have, and none that the portal has not", () => {
  const set = (what: string, pem: string) => ({ kind: "setCertificate", what, pem });

  assert.deepEqual(planCertificates({}, { client: "c1", server: "s1" }), [
    set("client", "c1"),
    set("server", "s1"),
  ]);
  assert.deepEqual(
    planCertificates({ client: "c1", server: "s1" }, { client: "c1", server: "s2" }),
    [set("server", "s2")],
  );
  assert.deepEqual(planCertificates({ client: "c1" }, { client: "c1", server: undefined }), []);
});
