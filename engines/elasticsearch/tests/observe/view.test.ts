import assert from "node:assert/strict";
import { test } from "node:test";

import type { Health } from "../../../../proxy-image/src/engines/elasticsearch/health.ts";
import { viewOf } from "../../../../proxy-image/src/engines/elasticsearch/health.ts";
import type { SourceState } from "../../../../proxy-image/src/observe/source-state.ts";
import { afterAnswer, afterMiss } from "../../../../proxy-image/src/observe/source-state.ts";

/** "green", "yellow", "red", any with "@<cluster>"; "silent"; anything else: why it is no health. */
function stateOf(text: string): SourceState<Health> {
  if (text === "silent")
    return [1000, 1010].reduce(
      (state: SourceState<Health>, at) => afterMiss(state, { kind: "silent", why: "is away" }, at),
      {},
    );
  const [status = "", cluster = "logs"] = text.split("@");
  const content: Health =
    status === "green" || status === "yellow" || status === "red"
      ? { kind: "health", cluster, status }
      : { kind: "other", why: text };
  return afterAnswer({}, { askedAt: 1000, content });
}

function rolesOf(content: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const sources = Object.fromEntries(
    Object.entries(content).map(([name, text]) => [name, stateOf(text)]),
  );
  const { nodes } = viewOf("logs", { awakeSince: 0, sources }, 1020);
  return Object.fromEntries(
    Object.entries(nodes).map(([name, { role }]) => [
      name,
      "why" in role ? `${role.kind}: ${role.why}` : role.kind,
    ]),
  );
}

const ALONE = "neither: sees the cluster red, unlike b: it knows no master, or is behind";
const table: readonly (readonly [
  string,
  Readonly<Record<string, string>>,
  Readonly<Record<string, string>>,
])[] = [
  [
    "green and yellow serve",
    { a: "green", b: "yellow", c: "green" },
    { a: "serving", b: "serving", c: "serving" },
  ],
  [
    "one that alone sees red knows no master",
    { a: "red", b: "green", c: "yellow" },
    { a: ALONE, b: "serving", c: "serving" },
  ],
  [
    "where all see red, what is left can be searched at any",
    { a: "red", b: "red", c: "silent" },
    { a: "serving", b: "serving", c: "silent: is away" },
  ],
  [
    "another cluster's green says nothing of ours",
    { a: "red", b: "green@metrics", c: "red" },
    { a: "serving", b: 'neither: answers as the cluster "metrics", not "logs"', c: "serving" },
  ],
  [
    "what is not Elasticsearch doesn't serve",
    { a: "green", b: "answers with status 503", c: "green" },
    { a: "serving", b: "neither: answers with status 503", c: "serving" },
  ],
];
for (const [title, content, words] of table)
  test(`nodes of Elasticsearch: ${title}`, () => {
    assert.deepEqual(rolesOf(content), words);
  });
