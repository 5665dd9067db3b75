import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";

import { runToEnd } from "../../../../tests/support/docker.ts";
import { machineImage } from "../../../../tests/support/machine/machine.ts";

const STEWARD = resolve(import.meta.dirname, "../../node-image/steward");

/** What a node says of itself. `has`: numbers of the transactions that it holds. */
interface Report {
  readonly group?: string;
  readonly joined?: boolean;
  readonly active?: boolean;
  readonly has?: readonly number[];
  readonly ready?: boolean;
}

const member: Report = { group: "g", joined: true, has: [1, 2] };
const blank: Report = {};
const behind: Report = { ...member, has: [1] };

/** Of three nodes a, b and c: what `who` decides on what is reported to it. */
const CASES: readonly (readonly [
  title: string,
  who: string,
  reports: Readonly<Record<string, Report>>,
  decision: string,
])[] = [
  ["a new cluster: the first node founds", "a", { a: blank, b: blank, c: blank }, "Found()"],
  [
    "a new cluster: the others wait for it",
    "b",
    { a: blank, b: blank, c: blank },
    "Wait(why='a founds the group')",
  ],
  [
    "a new cluster with a node away may be an old one that lost volumes: nobody founds",
    "a",
    { a: blank, b: blank },
    "Wait(why='a new cluster waits for c')",
  ],
  [
    "a lost volume: the node takes the others' group",
    "a",
    { a: blank, b: member, c: member },
    "Adopt(group='g')",
  ],
  [
    "a node with data that can't read its group is told by the others",
    "a",
    { a: { ...blank, joined: true }, b: member, c: member },
    "Adopt(group='g')",
  ],
  [
    "where nobody can tell it, no new group is founded over its data",
    "a",
    { a: blank, b: { ...blank, joined: true }, c: blank },
    `Wait(why="b has data, and can't read to which group it belongs")`,
  ],
  [
    "the others are of two groups: no guess",
    "a",
    { a: blank, b: member, c: { ...member, group: "h" } },
    "Wait(why='the other nodes belong to different groups')",
  ],
  [
    "another group's member is never joined",
    "a",
    { a: member, b: { ...member, group: "h", active: true } },
    "Wait(why='b belongs to another group')",
  ],
  [
    "a group that runs is joined, never formed again",
    "a",
    { a: member, b: { ...member, active: true } },
    "Join()",
  ],
  [
    "one former member alone forms nothing",
    "a",
    { a: member },
    "Wait(why='1 of 3 former members answer, 2 must')",
  ],
  [
    "a node with a lost volume makes no majority, for it knows nothing of what was acknowledged",
    "a",
    { a: member, b: { ...blank, group: "g" } },
    "Wait(why='1 of 3 former members answer, 2 must')",
  ],
  [
    "nor does one whose server doesn't answer",
    "a",
    { a: member, b: { ...member, ready: false } },
    "Wait(why='1 of 3 former members answer, 2 must')",
  ],
  [
    "of two that have the same the first one stands",
    "a",
    { a: member, b: member },
    "Stand(voters=frozenset({'a', 'b'}))",
  ],
  [
    "the one with more transactions stands",
    "a",
    { a: behind, b: member },
    "Wait(why='b forms the group')",
  ],
  [
    "the one with more transactions stands, seen by itself",
    "b",
    { a: behind, b: member },
    "Stand(voters=frozenset({'a', 'b'}))",
  ],
  [
    "two that each have what the other lacks: nobody decides which writes are lost",
    "a",
    { a: { ...member, has: [1, 2] }, b: { ...member, has: [1, 3] } },
    "Wait(why='no node has all transactions of the others: an operator must choose')",
  ],
  [
    "the founder ended before anybody had joined: all together may form it anew",
    "a",
    { a: { group: "g" }, b: { group: "g" }, c: { group: "g" } },
    "Stand(voters=frozenset({'a', 'b', 'c'}))",
  ],
];

/** At which second somebody asks for the promise (or gives it back, with a minus), and what the answer is. */
const PROMISES: readonly (readonly [
  title: string,
  turns: readonly (readonly [second: number, who: string, answer: boolean | null])[],
])[] = [
  [
    "one candidate at a time",
    [
      [0, "a", true],
      [1, "b", false],
      [2, "a", true],
    ],
  ],
  [
    "a promise lasts for longer than a start may take, from when it was last given",
    [
      [0, "a", true],
      [30, "a", true],
      [76, "b", false],
      [104, "b", false],
      [106, "b", true],
    ],
  ],
  [
    "one that is withdrawn is free, by its holder alone",
    [
      [0, "a", true],
      [1, "-b", null],
      [2, "b", false],
      [3, "-a", null],
      [4, "b", true],
    ],
  ],
];

/** What the others see in their group, by node, of one at the address "1": who goes on without it. */
const VIEWS: readonly (readonly [
  title: string,
  views: Readonly<Record<string, readonly string[]>>,
  without: readonly string[],
])[] = [
  ["nobody answers", {}, []],
  ["the others are in no group", { b: [], c: [] }, []],
  ["one has just joined this one", { b: ["1", "2"], c: [] }, []],
  ["the others formed one", { b: ["2", "3"], c: ["2", "3"] }, ["b", "c"]],
  ["one of them formed one, and the other has yet to join", { b: ["2"], c: [] }, ["b"]],
];

/** Of the node a at the address "1", which sees a, b and c in its group: who says otherwise. */
const LEFT: readonly (readonly [
  title: string,
  reports: Readonly<Record<string, Report>>,
  views: Readonly<Record<string, readonly string[]>>,
  left: readonly string[],
])[] = [
  ["nobody answers", {}, {}, []],
  [
    "all are in it",
    { b: { ...member, active: true }, c: { ...member, active: true } },
    { b: ["1", "2", "3"], c: ["1", "2", "3"] },
    [],
  ],
  ["both try to join", { b: member, c: member }, { b: [], c: [] }, ["b", "c"]],
  [
    "a server that doesn't answer its steward may still be in it",
    { b: { ...member, ready: false }, c: member },
    { b: [], c: [] },
    ["c"],
  ],
  [
    "the others have one of their own",
    { b: { ...member, active: true }, c: { ...member, active: true } },
    { b: ["2", "3"], c: ["2", "3"] },
    ["b", "c"],
  ],
];

/** Seconds for which a promise lasts. */
const LASTING = 75;

/** What is on the disk, read at second 1000 of the start "now" of the machine, at 5000 by the wall's clock: to whom, until when. */
const KEPT: readonly (readonly [title: string, raw: string | null, to: string, until: number])[] = [
  ["nothing", null, "", 0],
  ["what this start of the machine kept", '{"to":"a","until":1050,"boot":"now"}', "a", 1050],
  [
    "what an image kept that promised for longer",
    '{"to":"a","until":1230,"boot":"now"}',
    "a",
    1000 + LASTING,
  ],
  [
    "another start's candidate may still be at it",
    '{"to":"a","until":90,"boot":"before"}',
    "a",
    1000 + LASTING,
  ],
  ["an older image's, while it lasts", '{"to":"a","until":5030}', "a", 1000 + LASTING],
  ["an older image's that is over", '{"to":"a","until":4000}', "", 0],
  ["an older image's, of a clock that was set back", '{"to":"a","until":9000}', "", 0],
  ["half of one is somebody's", '{"to":"a","un', "somebody", 1000 + LASTING],
  ["an empty one is somebody's", "", "somebody", 1000 + LASTING],
];

const SCRIPT = `
import json, sys, time
sys.path.insert(0, "/steward")
from concurrent.futures import ThreadPoolExecutor
from election import Promises, Report, decide, deserters, groups_without, read_promise

cases, promises, kept, views, left = json.loads(sys.argv[1])

def read(reports):
    return {
        name: Report(
            r.get("group", ""),
            r.get("joined", False),
            r.get("active", False),
            json.dumps(r.get("has", [])),
            r.get("ready", True),
        )
        for name, r in reports.items()
    }

def decided(who, reports):
    contains = lambda whole, part: set(json.loads(part)) >= set(json.loads(whole))
    decision = decide(who, ("a", "b", "c"), read(reports), contains)
    voters = getattr(decision, "voters", None)
    if voters is None:
        return repr(decision)
    return "Stand(voters=frozenset({" + ", ".join(map(repr, sorted(voters))) + "}))"

def answers(turns):
    now, saved = [0.0], [("", 0.0)]
    save = lambda to, until: saved.__setitem__(0, (to, until))
    told = []
    for second, who, _ in turns:
        now[0] = float(second)
        # Made anew from what was saved each time: a restart must not forget a promise.
        held = Promises(saved[0], save, lambda: now[0])
        told.append(held.withdraw(who[1:]) if who.startswith("-") else held.give(who))
    return told

def held(raw):
    return read_promise(None if raw is None else raw.encode(), "now", 1000.0, 5000.0)

def given_at_once():
    # Saving takes a moment, in which others ask.
    held = Promises(("", 0.0), lambda to, until: time.sleep(0.02), lambda: 0.0)
    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(held.give, "abcdefgh"))

print(json.dumps([
    [decided(who, reports) for _, who, reports, _ in cases],
    [answers(turns) for _, turns in promises],
    [held(raw) for _, raw, _, _ in kept],
    given_at_once(),
    [groups_without("1", view) for _, view, _ in views],
    [
        deserters("1", ["1", "2", "3"], {"a": "1", "b": "2", "c": "3"}, read(reports), view)
        for _, reports, view, _ in left
    ],
]))
`;

const answered = runToEnd(
  {
    Image: await machineImage(),
    Entrypoint: ["python3", "-c", SCRIPT, JSON.stringify([CASES, PROMISES, KEPT, VIEWS, LEFT])],
    HostConfig: { Binds: [`${STEWARD}:/steward:ro`], NetworkMode: "none" },
  },
  60_000,
).then(
  ({ output }) =>
    JSON.parse(output) as [
      readonly string[],
      readonly (readonly (boolean | null)[])[],
      readonly (readonly [string, number])[],
      number,
      readonly (readonly string[])[],
      readonly (readonly string[])[],
    ],
);

for (const [index, [title, , , decision]] of CASES.entries())
  test(`who forms MySQL's group: ${title}`, async () => {
    const [decisions] = await answered;
    assert.equal(decisions[index], decision);
  });

for (const [index, [title, turns]] of PROMISES.entries())
  test(`promises of MySQL's nodes: ${title}`, async () => {
    const [, all] = await answered;
    assert.deepEqual(
      all[index],
      turns.map(([, , answer]) => answer),
    );
  });

for (const [index, [title, , to, until]] of KEPT.entries())
  test(`promises of MySQL's nodes, read again: ${title}`, async () => {
    const [, , held] = await answered;
    assert.deepEqual(held[index], [to, until]);
  });

for (const [index, [title, , without]] of VIEWS.entries())
  test(`a member of MySQL's that is alone: ${title}`, async () => {
    const [, , , , found] = await answered;
    assert.deepEqual(found[index], without);
  });

for (const [index, [title, , , left]] of LEFT.entries())
  test(`who has left the group that a member of MySQL's sees: ${title}`, async () => {
    const [, , , , , found] = await answered;
    assert.deepEqual(found[index], left);
  });

test("promises of MySQL's nodes: of eight candidates that ask at once, one gets it", async () => {
  const [, , , given] = await answered;
  assert.equal(given, 1);
});
