import assert from "node:assert/strict";
import { test } from "node:test";

import type { Said } from "../../../../proxy-image/src/engines/rethinkdb/queries.ts";
import { viewOf } from "../../../../proxy-image/src/engines/rethinkdb/queries.ts";
import type { Heard } from "../../../../proxy-image/src/observe/heard.ts";
import { afterAnswer, afterMiss } from "../../../../proxy-image/src/observe/heard.ts";

/** "a: a b c" is the server a, connected to these; "silent"; anything else: why it is no server of ours. */
function heardOf(text: string): Heard<Said> {
  if (text === "silent")
    return [1000, 1010].reduce(
      (heard: Heard<Said>, at) => afterMiss(heard, { kind: "silent", why: "is away" }, at),
      {},
    );
  const [, name = "", names = ""] = /^([\w-]+): ([\w -]*)$/.exec(text) ?? [];
  const said: Said =
    name === ""
      ? { kind: "other", why: text }
      : { kind: "server", name, connected: names.split(" ") };
  return afterAnswer({}, { askedAt: 1000, said });
}

function wordsOf(said: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const heard = Object.fromEntries(
    Object.entries(said).map(([name, text]) => [name, heardOf(text)]),
  );
  const { nodes } = viewOf({ awakeSince: 0, heard }, 1020);
  return Object.fromEntries(
    Object.entries(nodes).map(([name, { word }]) => [
      name,
      "why" in word ? `${word.kind}: ${word.why}` : word.kind,
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
for (const [title, said, words] of table)
  test(`servers of RethinkDB: ${title}`, () => {
    assert.deepEqual(wordsOf(said), words);
  });

test("RethinkDB has no leader", () => {
  assert.equal(viewOf({ awakeSince: 0, heard: {} }, 5).quorum.kind, "leaderless");
});
