import assert from "node:assert/strict";
import { test } from "node:test";

import type { ServerAnswer } from "../../../../proxy-image/src/engines/rethinkdb/queries.ts";
import { viewOf } from "../../../../proxy-image/src/engines/rethinkdb/queries.ts";
import type { SourceState } from "../../../../proxy-image/src/observe/source-state.ts";
import { afterAnswer, afterMiss } from "../../../../proxy-image/src/observe/source-state.ts";

/** "a: a b c" is the server a, connected to these; "silent"; anything else: why it is no server of ours. */
function stateOf(text: string): SourceState<ServerAnswer> {
  if (text === "silent")
    return [1000, 1010].reduce(
      (state: SourceState<ServerAnswer>, at) =>
        afterMiss(state, { kind: "silent", why: "is away" }, at),
      {},
    );
  const [, name = "", names = ""] = /^([\w-]+): ([\w -]*)$/.exec(text) ?? [];
  const content: ServerAnswer =
    name === ""
      ? { kind: "other", why: text }
      : { kind: "server", name, connected: names.split(" ") };
  return afterAnswer({}, { askedAt: 1000, content });
}

function rolesOf(content: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const sources = Object.fromEntries(
    Object.entries(content).map(([name, text]) => [name, stateOf(text)]),
  );
  const { nodes } = viewOf({ awakeSince: 0, sources }, 1020);
  return Object.fromEntries(
    Object.entries(nodes).map(([name, { role }]) => [
      name,
      "why" in role ? `${role.kind}: ${role.why}` : role.kind,
    ]),
  );
}

const ALONE = "neither: sees 1 of 3 servers: it is not with the majority";
const table: readonly (readonly [
  string,
  Readonly<Record<string, string>>,
  Readonly<Record<string, string>>,
])[] = [
  [
    "all that are connected serve",
    { a: "a: a b c", b: "b: b a c", c: "c: c a b" },
    { a: "serving", b: "serving", c: "serving" },
  ],
  [
    "two of three are the majority",
    { a: "a: a b", b: "b: b a", c: "silent" },
    { a: "serving", b: "serving", c: "silent: is away" },
  ],
  [
    "one that is cut off from the others doesn't serve",
    { a: "a: a", b: "b: b c", c: "c: c b" },
    { a: ALONE, b: "serving", c: "serving" },
  ],
  [
    "where nobody is with the majority, nobody serves",
    { a: "a: a", b: "silent", c: "silent" },
    { a: ALONE, b: "silent: is away", c: "silent: is away" },
  ],
  [
    "servers of other deployments don't count",
    { a: "a: a x y z", b: "b: b c", c: "c: c b" },
    { a: ALONE, b: "serving", c: "serving" },
  ],
  [
    "one that bears another name is another's",
    { a: "x: a b c", b: "b: a b c", c: "c: a b c" },
    { a: 'neither: answers as the server "x", not "a"', b: "serving", c: "serving" },
  ],
  [
    "what is no server of ours doesn't serve",
    { a: "doesn't let the portal in", b: "b: b c", c: "c: b c" },
    { a: "neither: doesn't let the portal in", b: "serving", c: "serving" },
  ],
  ["a single node is its own majority", { a: "a: a" }, { a: "serving" }],
];
for (const [title, content, words] of table)
  test(`servers of RethinkDB: ${title}`, () => {
    assert.deepEqual(rolesOf(content), words);
  });

test("RethinkDB has no leader", () => {
  assert.equal(viewOf({ awakeSince: 0, sources: {} }, 5).quorum.kind, "leaderless");
});
