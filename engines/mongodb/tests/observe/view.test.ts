import assert from "node:assert/strict";
import { test } from "node:test";

import type { Hello } from "../../../../proxy-image/src/engines/mongodb/hello.ts";
import { viewOf } from "../../../../proxy-image/src/engines/mongodb/view.ts";
import type { View } from "../../../../proxy-image/src/model/view.ts";

const HOSTS = { a: "10.0.0.1:27017", b: "10.0.0.2:27017", c: "10.0.0.3:27017" };
type Node = keyof typeof HOSTS;

const primary = (node: Node, term: number, changes: Partial<Hello> = {}): Hello => ({
  setName: "carts",
  isPrimary: true,
  isSecondary: false,
  me: HOSTS[node],
  primary: HOSTS[node],
  election: [0x7fffffff, 0, term, 1],
  ...changes,
});
const secondary = (node: Node, of?: Node, changes: Partial<Hello> = {}): Hello => ({
  setName: "carts",
  isPrimary: false,
  isSecondary: true,
  me: HOSTS[node],
  ...(of && { primary: HOSTS[of] }),
  ...changes,
});

/** What each member said at 1000; nothing: it missed twice after an answer at 0. */
function view(members: Readonly<Record<Node, Hello | { readonly gone: Hello }>>): View {
  const sources = Object.entries(members).map(([name, content]) => {
    const gone = "gone" in content;
    const hello = gone ? content.gone : content;
    const answer = { askedAt: gone ? 0 : 1000, content: { kind: "hello", hello } as const };
    const misses = gone && {
      misses: { kind: "closed", count: 2, since: 900, why: "refuses connections" },
    };
    return [name, { answer, ...misses }];
  });
  const polled = { awakeSince: 0, sources: Object.fromEntries(sources) };
  return viewOf({ set: "carts", hosts: HOSTS }, polled, 1001);
}

const quorum = ({ quorum }: View) =>
  quorum.kind === "leader" ? `${quorum.node}@${quorum.epoch[2]}` : quorum.kind;

for (const [what, members, expected] of [
  [
    "a primary that all name",
    { a: primary("a", 5), b: secondary("b", "a"), c: secondary("c", "a") },
    "a@5",
  ],
  [
    "a primary that is cut off names itself alone, and the majority's is another",
    { a: primary("a", 5), b: primary("b", 6), c: secondary("c", "b") },
    "b@6",
  ],
  [
    "a primary that nobody else names has no quorum",
    { a: primary("a", 5), b: secondary("b"), c: secondary("c") },
    "none",
  ],
  [
    "one that died is named until the others elect another",
    { a: { gone: primary("a", 5) }, b: secondary("b", "a"), c: secondary("c", "a") },
    "a@5",
  ],
  [
    "a member that is elected but not yet a primary",
    { a: secondary("a", "b"), b: secondary("b", "b"), c: secondary("c", "b") },
    "none",
  ],
  [
    "a single member that answers is no majority",
    { a: primary("a", 5), b: { gone: secondary("b", "a") }, c: { gone: secondary("c", "a") } },
    "unknown",
  ],
  [
    "members of another set don't count",
    {
      a: primary("a", 5, { setName: "other" }),
      b: secondary("b", "a", { setName: "other" }),
      c: secondary("c", "a"),
    },
    "unknown",
  ],
] as const)
  test(`replica set: ${what}: ${expected}`, () => assert.equal(quorum(view(members)), expected));

for (const [what, content, role] of [
  ["a secondary is a replica", secondary("a", "b"), "replica"],
  ["a member of another set is neither", secondary("a", "b", { setName: "other" }), "neither"],
  ["a member that answers under another name is neither", secondary("b", "b"), "neither"],
  ["one that is recovering is neither", secondary("a", "b", { isSecondary: false }), "neither"],
] as const)
  test(`replica set: ${what}`, () => {
    const { nodes } = view({ a: content, b: secondary("b", "b"), c: secondary("c", "b") });
    assert.equal(nodes.a?.role.kind, role);
  });
