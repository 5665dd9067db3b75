import assert from "node:assert/strict";
import { test } from "node:test";

import { UNKNOWN } from "../../tools/guard/preview.ts";
import { document, type RawStep, refusals, resource, urnOf } from "./preview.ts";

const INSTANCE = "aws:ec2/instance:Instance";
const SAFE = {
  rootBlockDevice: { encrypted: true },
  metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
};
const RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const DOCUMENT = "aws:s3/bucketObjectv2:BucketObjectv2";

const replace = (name: string, reasons = ["ami"]) =>
  resource("replace", INSTANCE, name, { new: SAFE, reasons });
const stopped = (name: string, property: string, after: unknown) =>
  resource("update", INSTANCE, name, {
    old: { ...SAFE, [property]: "before" },
    new: { ...SAFE, [property]: after },
  });
const settings = (name: string, before: object, after: object | string) =>
  resource("update", DOCUMENT, `${name}-machine.json`, {
    old: { content: JSON.stringify(before) },
    new: { content: typeof after === "string" ? after : JSON.stringify(after) },
  });
const documentStep = (op: string, old: object, next: object) =>
  resource(op, DOCUMENT, "orders-document", { old, new: next });
const BERLIN = { "203.0.113.0/24": "Berlin office" };

interface Case {
  readonly title: string;
  readonly steps: readonly RawStep[];
  readonly refused: readonly RegExp[];
  readonly whitelistOnly?: boolean;
}

const cases: readonly Case[] = [
  { title: "one node is replaced", steps: [replace("orders-1")], refused: [] },
  {
    title: "two nodes are replaced",
    steps: [replace("orders-1"), replace("orders-3", ["subnetId"])],
    refused: [/^orders: orders-1 and orders-3 would be replaced in one update \(ami, subnetId\)/],
  },
  {
    title: "a node's instance and another node's network interface are replaced",
    steps: [
      replace("orders-1"),
      resource("replace", "aws:ec2/networkInterface:NetworkInterface", "orders-2", {}),
    ],
    refused: [/orders-1 and orders-2 would be replaced/],
  },
  {
    title: "nodes of two deployments are replaced, one of each",
    steps: [
      replace("orders-1"),
      resource("replace", INSTANCE, "users-1", {
        new: SAFE,
        parent: urnOf("portico:aws:Deployment", "users"),
      }),
    ],
    refused: [],
  },
  {
    title: "two nodes are deleted",
    steps: [resource("delete", INSTANCE, "orders-1"), resource("delete", INSTANCE, "orders-3")],
    refused: [/^orders: orders-1 and orders-3 would be deleted in one update/],
  },
  {
    title: "both portals are deleted",
    steps: [
      resource("delete", INSTANCE, "orders-portal-1"),
      resource("delete", INSTANCE, "orders-portal-2"),
    ],
    refused: [/^orders: orders-portal-1 and orders-portal-2 would be deleted .* no portal/],
  },
  {
    title: "a node moves to another component, and another one is replaced",
    steps: [
      resource("delete", INSTANCE, "orders-1"),
      resource("create", INSTANCE, "orders-1", { new: SAFE }, "portico:aws:Machine"),
      replace("orders-2"),
    ],
    refused: [/^orders: orders-1 and orders-2 would be deleted or replaced in one update/],
  },
  {
    title: "one portal of two is deleted",
    steps: [resource("delete", INSTANCE, "orders-portal-2")],
    refused: [],
  },
  { title: "one portal is replaced", steps: [replace("orders-portal-1")], refused: [] },
  {
    title: "a portal and its twin are replaced",
    steps: [replace("orders-portal-1"), replace("orders-portal-2")],
    refused: [/^orders: orders-portal-1 and orders-portal-2 .* no portal would be left/],
  },
  {
    title: "two nodes get another type in place, for which they stop",
    steps: [
      stopped("orders-1", "instanceType", "m7g.large"),
      stopped("orders-2", "instanceType", "m7g.large"),
    ],
    refused: [/^orders: orders-1 and orders-2 would be restarted in one update \(instanceType\)/],
  },
  {
    title: "one node gets another type",
    steps: [stopped("orders-1", "instanceType", "m7g.large")],
    refused: [],
  },
  {
    title: "two portals get user data that isn't known yet",
    steps: [
      stopped("orders-portal-1", "userData", UNKNOWN),
      stopped("orders-portal-2", "userData", UNKNOWN),
    ],
    refused: [/portal-1 and orders-portal-2 would be restarted .* \(userData\), so no portal/],
  },
  {
    title: "two machines change in what they go on running with",
    steps: [stopped("orders-1", "tags", "b"), stopped("orders-2", "tags", "b")],
    refused: [],
  },
  {
    title: "one node stops, another one is replaced",
    steps: [replace("orders-1"), stopped("orders-2", "userDataBase64", "b")],
    refused: [/orders-1 and orders-2 would be replaced or restarted .* \(ami, userDataBase64\)/],
  },
  {
    title: "two nodes get another image",
    steps: [
      settings("orders-1", { image: "a" }, { image: "b" }),
      settings("orders-3", { image: "a" }, { image: "b" }),
    ],
    refused: [/^orders: orders-1 and orders-3 would be restarted in one update \(image\)/],
  },
  {
    title: "two nodes get settings that aren't known yet",
    steps: [
      settings("orders-1", { image: "a" }, UNKNOWN),
      settings("orders-3", { image: "a" }, UNKNOWN),
    ],
    refused: [/\(image\)/],
  },
  {
    title: "two nodes get more memory, which takes nothing away",
    steps: [
      settings("orders-1", { image: "a", memory: 512 }, { image: "a", memory: 1024 }),
      settings("orders-3", { image: "a", memory: 512 }, { image: "a", memory: 1024 }),
    ],
    refused: [],
  },
  {
    title: "two portals get another image, one after the other by themselves",
    steps: [
      settings("orders-portal-1", { image: "a" }, { image: "b" }),
      settings("orders-portal-2", { image: "a" }, { image: "b" }),
    ],
    refused: [],
  },
  {
    title: "the parts of a replacement are shown too",
    steps: [
      { ...replace("orders-1"), op: "delete-replaced" },
      replace("orders-1"),
      { ...replace("orders-1"), op: "create-replacement" },
    ],
    refused: [],
  },
  {
    title: "a document opens",
    steps: [documentStep("update", document({}), document({}, { open: true }))],
    refused: [/^orders would be open to the whole internet by its document \(open: true\)/],
  },
  {
    title: "a document gets ::/0",
    steps: [
      documentStep(
        "update",
        document({}, { open: true }),
        document({ "::/0": "" }, { open: true }),
      ),
    ],
    refused: [/by its document \(::\/0\)/],
  },
  {
    title: "a document was open before",
    steps: [documentStep("update", document({}, { open: true }), document(BERLIN, { open: true }))],
    refused: [],
  },
  {
    title: "a document gets both halves of IPv4",
    steps: [
      documentStep(
        "update",
        document(BERLIN),
        document({ ...BERLIN, "0.0.0.0/1": "", "128.0.0.0/1": "" }),
      ),
    ],
    refused: [/open to the whole internet by its document \(its entries together are half of IPv4/],
  },
  {
    title: "a document that had a quarter gets another one",
    steps: [
      documentStep(
        "update",
        document({ "0.0.0.0/2": "" }),
        document({ "0.0.0.0/2": "", "64.0.0.0/2": "" }),
      ),
    ],
    refused: [/half of IPv4 or more/],
  },
  {
    title: "a document gets half of IPv6",
    steps: [documentStep("update", document(BERLIN), document({ ...BERLIN, "::/1": "" }))],
    refused: [/half of IPv6 or more/],
  },
  {
    title: "a document loses its whole whitelist",
    steps: [documentStep("update", document(BERLIN), document({}))],
    refused: [/^The whole whitelist of orders would be gone/],
  },
  {
    title: "a document loses its whole whitelist, in an edit of whitelists",
    whitelistOnly: true,
    steps: [documentStep("update", document(BERLIN), document({}))],
    refused: [/^The whole whitelist of orders would be gone/],
  },
  {
    title: "every entry is another one",
    steps: [documentStep("update", document(BERLIN), document({ "192.0.2.0/24": "" }))],
    refused: [],
  },
  {
    title: "nodes give up the quorum",
    steps: ["orders-1", "orders-2"].map((node) =>
      resource("update", DOCUMENT, `${node}-node.json`, {
        old: { content: '{"durability":"quorum"}' },
        new: { content: '{"durability":"async"}' },
      }),
    ),
    refused: [/^orders would acknowledge what only its leader has \(durability: async\)/],
  },
  {
    title: "an ingress rule opens",
    steps: [
      documentStep("same", document({}, { open: true }), document({}, { open: true })),
      resource("update", RULE, "orders-x", {
        old: { cidrIpv4: "203.0.113.0/24" },
        new: { cidrIpv4: "0.0.0.0/0" },
      }),
    ],
    refused: [/^SecurityGroupIngressRule orders-x would open 0.0.0.0\/0/],
  },
  {
    title: "an ingress rule was open before",
    steps: [
      documentStep("same", document({}, { open: true }), document({}, { open: true })),
      resource("update", RULE, "orders-x", {
        old: { cidrIpv6: "::/0" },
        new: { cidrIpv6: "::/0" },
      }),
    ],
    refused: [],
  },
  {
    title: "only a whitelist changes",
    whitelistOnly: true,
    steps: [
      documentStep("update", document({}), document(BERLIN)),
      resource("create", RULE, "orders-203.0.113.0/24", { new: { cidrIpv4: "203.0.113.0/24" } }),
      resource("delete", RULE, "orders-198.51.100.7/32", { old: { cidrIpv4: "198.51.100.7/32" } }),
    ],
    refused: [],
  },
  {
    title: "with a whitelist something else changes",
    whitelistOnly: true,
    steps: [
      documentStep("update", document({}), document(BERLIN)),
      resource("update", "aws:iam/role:Role", "orders-1"),
    ],
    refused: [/^Role orders-1 would be updated, which is no change of a whitelist/],
  },
  {
    title: "another part of the document changes with the whitelist",
    whitelistOnly: true,
    steps: [documentStep("update", document({}), document(BERLIN, { nodes: { "orders-1": {} } }))],
    refused: [/^The document of orders would change in nodes,/],
  },
  {
    title: "the document moves",
    whitelistOnly: true,
    steps: [documentStep("update", document({}), { ...document({}), key: "other.json" })],
    refused: [/would change in key,/],
  },
  {
    title: "a document is made anew",
    whitelistOnly: true,
    steps: [documentStep("create", {}, document(BERLIN))],
    refused: [/would be created/],
  },
];

for (const { title, steps, refused, whitelistOnly = false } of cases)
  test(`${refused.length === 0 ? "fine" : "refused"}: ${title}`, () => {
    const found = refusals(steps, { whitelistOnly });
    assert.equal(found.length, refused.length, found.join("\n"));
    for (const [index, pattern] of refused.entries()) assert.match(found[index] ?? "", pattern);
  });
