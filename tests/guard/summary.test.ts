import assert from "node:assert/strict";
import { test } from "node:test";

import { judge } from "../../tools/guard/judge.ts";
import { parsePreview, UNKNOWN } from "../../tools/guard/preview.ts";
import { markdown, text } from "../../tools/guard/render.ts";
import { document, type RawStep, resource, urnOf } from "./preview.ts";

function verdictOn(steps: readonly RawStep[]) {
  const read = parsePreview(JSON.stringify({ steps }));
  if (read.kind !== "preview") throw new Error(read.why);
  return judge(read.preview, { whitelistOnly: false });
}

const edit = (before: object, after: object, rest: object = {}) =>
  resource("update", "aws:s3/bucketObjectv2:BucketObjectv2", "orders-document", {
    old: document(before),
    new: document(after, rest),
  });

test("a line for each entry that comes, goes, or says something else", () => {
  const before = { "203.0.113.0/24": "Berlin", "10.0.0.0/8": "VPN", "192.0.2.1/32": "" };
  const after = {
    "203.0.113.0/24": "Berlin office",
    "10.0.0.0/8": { note: "VPN", until: "2027-02-01T00:00:00Z" },
    "2001:db8::/32": "Paris",
  };
  assert.equal(
    text(verdictOn([edit(before, after)])),
    `~ 10.0.0.0/8 VPN until 2027-02-01T00:00:00Z (was: VPN) → orders
- 192.0.2.1/32 → orders
+ 2001:db8::/32 Paris → orders
~ 203.0.113.0/24 Berlin office (was: Berlin) → orders
orders: 1 to change
  ! The whitelist of orders lets in 0.39% of all IPv4 addresses.
  ! Private ranges on the whitelist of orders match nobody, since clients come by the internet: 10.0.0.0/8.
Nothing is refused.`,
  );
});

test("a list that lets in much of IPv6 is named as well, and a usual one isn't", () => {
  const summaryOf = (cidr: string) => text(verdictOn([edit({}, { [cidr]: "Paris" })]));
  assert.match(summaryOf("2400::/12"), /lets in 0\.024% of all IPv6 addresses/);
  assert.doesNotMatch(summaryOf("2001:db8::/32"), /of all IPv6/);
});

test("a new deployment's whitelist is all new, a lost one's is all gone", () => {
  const type = "portico:index:Document";
  const inputs = document({ "203.0.113.0/24": "Berlin" });
  const made = text(verdictOn([resource("create", type, "orders", { new: inputs })]));
  assert.match(made, /^\+ 203\.0\.113\.0\/24 Berlin → orders$/m);
  const lost = text(verdictOn([resource("delete", type, "orders", { old: inputs })]));
  assert.match(lost, /^- 203\.0\.113\.0\/24 Berlin → orders$/m);
});

test("opening to everybody is a line of its own", () => {
  assert.match(
    text(verdictOn([edit({}, {}, { open: true })])),
    /^\+ everybody \(open: true\) → orders$/m,
  );
});

test("a document that isn't known yet is said to be so", () => {
  const step = resource("update", "portico:index:Document", "orders", {
    old: document({}),
    new: { content: UNKNOWN },
  });
  assert.match(text(verdictOn([step])), /^~ the document isn't known before the update → orders$/m);
});

test("counts are by deployment, and components don't count", () => {
  const type = "aws:iam/role:Role";
  const parent = urnOf("portico:aws:Deployment", "users");
  const component = resource("create", "portico:aws:Node", "orders-1");
  const shown = text(
    verdictOn([
      resource("create", type, "orders-1"),
      resource("update", type, "orders-2"),
      resource("delete", type, "users-1", { parent }),
      { ...component, newState: { ...component.newState, custom: false } },
    ]),
  );
  assert.match(shown, /^orders: 1 to create, 1 to change\nusers: 1 to delete$/m);
});

test("certificates that get a successor are named", () => {
  const type = "tls:index/locallySignedCert:LocallySignedCert";
  const shown = text(
    verdictOn([
      resource("replace", type, "orders-2-peer"),
      resource("replace", type, "orders-1-server"),
      resource("create", type, "orders-3-server"),
    ]),
  );
  assert.match(shown, /^Certificates to be renewed: orders-1-server, orders-2-peer$/m);
});

test("a resource whose ancestors are hidden is still its deployment's", () => {
  const below = "portico:local:Deployment$portico:local:Node$portico:index:Folder";
  const parent = urnOf(below, "db-2-1");
  const file = resource("update", "portico:index:File", "db-2-1-server.key", { parent }, below);
  assert.match(text(verdictOn([file])), /^db-2: 1 to change$/m);
});

test("a note can't steer a terminal, nor leave its place in a comment", () => {
  const shown = verdictOn([edit({}, { "198.51.100.0/24": "a\u001b[2J\n```\n@everybody <img>" })]);
  const steering = String.fromCharCode(27);
  assert.ok(!text(shown).includes(steering));
  assert.equal(text(shown).split("\n").length, 3);
  assert.match(
    markdown(shown),
    /^````diff\n\+ 198\.51\.100\.0\/24 a \[2J ``` @everybody <img> → orders\n````$/m,
  );
});

test("refusals come first in a comment, and hold no markup", () => {
  const shown = markdown(verdictOn([resource("delete", "aws:kms/key:Key", "a_b_c")]));
  assert.match(shown, /^### ⛔ Refused\n\n- Key a&#95;b&#95;c would be deleted/);
});

test("a comment stays below what GitHub takes", () => {
  const many = Object.fromEntries(
    Array.from({ length: 5000 }, (_, index) => [
      `10.${index >> 8}.${index & 255}.0/24`,
      "a long note about who that is ".repeat(100),
    ]),
  );
  const shown = markdown(verdictOn([edit({}, many)]));
  assert.ok(shown.length < 60_000, `${shown.length}`);
  assert.match(shown, /… and 4900 more/);
});

test("a resource whose ancestors are shown is its deployment's, whatever it is called", () => {
  const stack = { op: "same", urn: urnOf("pulumi:pulumi:Stack", "portico-production") };
  const deployment = {
    op: "same",
    urn: urnOf("portico:aws:Deployment", "db-2"),
    newState: { parent: stack.urn, custom: false },
  };
  const node = {
    op: "same",
    urn: urnOf("portico:aws:Deployment$portico:aws:Node", "odd"),
    newState: { parent: deployment.urn, custom: false },
  };
  const parent = node.urn;
  const role = resource("update", "aws:iam/role:Role", "odd", { parent }, "portico:aws:Deployment");
  assert.match(text(verdictOn([stack, deployment, node, role])), /^db-2: 1 to change$/m);
});

test("a refresh shows a document's old side alone, and nothing of it goes", () => {
  const { urn, oldState = {} } = edit({ "198.51.100.0/24": "VPN" }, {});
  const refresh = { op: "refresh", urn, oldState };
  assert.equal(text(verdictOn([refresh])), "No resource changes.\nNothing is refused.");
});
