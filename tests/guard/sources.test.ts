import assert from "node:assert/strict";
import { test } from "node:test";

import { UNKNOWN } from "../../tools/guard/preview.ts";
import { check, documentOf, entries, openedBefore, refusals, ruleFor } from "./preview.ts";

check([
  [
    "a listed source",
    [documentOf({ "203.0.113.0/24": "" }), ruleFor({ cidrIpv4: "203.0.113.0/24" })],
  ],
  ["another security group", [ruleFor({ referencedSecurityGroupId: UNKNOWN })]],
  [
    "a source that is not listed",
    [documentOf({ "203.0.113.0/24": "" }), ruleFor({ cidrIpv4: "203.0.0.0/16" })],
    /lets in 203.0.0.0\/16, which is not on the whitelist of orders/,
  ],
  [
    "an unknown source",
    [documentOf({}), ruleFor({ cidrIpv4: UNKNOWN })],
    /isn't known before the update, so nobody can tell/,
  ],
  ["a prefix list", [documentOf({}), ruleFor({ prefixListId: "pl-1" })], /prefix list/],
  [
    "a rule without its document",
    [ruleFor({ cidrIpv4: "203.0.113.0/24" })],
    /document of orders is not in the preview/,
  ],
  [
    "an open rule of an open deployment",
    [documentOf({}, { open: true }), openedBefore({ cidrIpv4: "0.0.0.0/0" })],
  ],
  [
    "an open rule nobody asked for",
    [documentOf(entries(30)), openedBefore({ cidrIpv4: "0.0.0.0/0" })],
    /0.0.0.0\/0, which is not on the whitelist/,
  ],
  [
    "an open rule of the other family",
    [documentOf(entries(31)), openedBefore({ cidrIpv6: "::/0" })],
    /::\/0, which is not/,
  ],
]);

test("an open rule is explained by the config, for the deployment that it names", () => {
  const steps = [documentOf(entries(1)), openedBefore({ cidrIpv4: "0.0.0.0/0" })];
  const config = (name: string) => ({
    "portico:deployments": JSON.stringify({ [name]: { enforcement: "proxy" } }),
  });
  assert.deepEqual(refusals(steps, { config: config("orders") }), []);
  assert.equal(refusals(steps, { config: config("users") }).length, 1);
});

test("a long whitelist explains no open rule: only the config does", () => {
  const steps = [documentOf(entries(200)), openedBefore({ cidrIpv4: "0.0.0.0/0" })];
  assert.equal(refusals(steps, { config: {} }).length, 1);
});
