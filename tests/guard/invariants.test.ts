import assert from "node:assert/strict";
import { test } from "node:test";

import { UNKNOWN } from "../../tools/guard/value.ts";
import { document, type RawStep, refusals, resource } from "./preview.ts";

const INSTANCE = "aws:ec2/instance:Instance";
const RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const GROUP = "aws:ec2/securityGroup:SecurityGroup";
const BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";

const METADATA = { httpTokens: "required", httpPutResponseHopLimit: 1 };
const DISK = { encrypted: true };
const instance = (inputs: object, name = "orders-1") =>
  resource("create", INSTANCE, name, {
    new: { rootBlockDevice: DISK, metadataOptions: METADATA, ...inputs },
  });
const documentOf = (whitelist: object, rest: object = {}) =>
  resource("same", "aws:s3/bucketObjectv2:BucketObjectv2", "orders-document", {
    new: document(whitelist, rest),
  });
const ruleFor = (inputs: object) => resource("create", RULE, "orders-x", { new: inputs });
const openedBefore = (inputs: object) => resource("same", RULE, "orders-x", { new: inputs });
const entries = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`203.0.113.${index}/32`, ""]));
const closed = Object.fromEntries(
  ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"].map(
    (key) => [key, true],
  ),
);

/** A node in a subnet whose route table has what `route` says; no id is known yet. */
function network(route: object, subnetInputs: object = {}, inside = "orders-1"): RawStep[] {
  const subnet = resource("create", "aws:ec2/subnet:Subnet", "orders-nodes-a", {
    new: subnetInputs,
  });
  const table = resource("create", "aws:ec2/routeTable:RouteTable", "orders-nodes", {});
  const association = resource(
    ...(["create", "aws:ec2/routeTableAssociation:RouteTableAssociation"] as const),
    "orders-nodes-a",
    {
      new: { subnetId: UNKNOWN, routeTableId: UNKNOWN },
      from: { subnetId: subnet, routeTableId: table },
    },
  );
  const card = resource("create", "aws:ec2/networkInterface:NetworkInterface", inside, {
    new: { subnetId: UNKNOWN },
    from: { subnetId: subnet },
  });
  const way = resource("create", "aws:ec2/route:Route", "orders-out", {
    new: { routeTableId: UNKNOWN, ...route },
    from: { routeTableId: table },
  });
  return [subnet, table, association, card, ...(Object.keys(route).length > 0 ? [way] : [])];
}

const node = network({}).find(({ urn }) => urn.includes("NetworkInterface")) as RawStep;
const bucket = resource("create", "aws:s3/bucket:Bucket", "bucket", {});
const blockOf = (inputs: object) =>
  resource("create", BLOCK, "bucket", { new: { bucket: UNKNOWN, ...inputs }, from: { bucket } });

const cases: readonly (readonly [
  title: string,
  steps: readonly RawStep[],
  ...refused: RegExp[],
])[] = [
  ["an instance as it should be", [instance({})]],
  [
    "IMDSv1",
    [instance({ metadataOptions: { ...METADATA, httpTokens: "optional" } })],
    /httpTokens is "optional"/,
  ],
  [
    "no metadata options",
    [instance({ metadataOptions: undefined })],
    /httpTokens is missing/,
    /hop limit of 1/,
  ],
  [
    "two hops",
    [instance({ metadataOptions: { ...METADATA, httpPutResponseHopLimit: 2 } })],
    /httpPutResponseHopLimit is 2/,
  ],
  [
    "unknown metadata options",
    [instance({ metadataOptions: UNKNOWN })],
    /isn't known before/,
    /isn't known before/,
  ],
  [
    "a root disk in clear",
    [instance({ rootBlockDevice: {} })],
    /rootBlockDevice.encrypted is missing/,
  ],
  [
    "an unknown root disk",
    [instance({ rootBlockDevice: { encrypted: UNKNOWN } })],
    /isn't known before/,
  ],
  [
    "another disk in clear",
    [instance({ ebsBlockDevices: [DISK, { encrypted: false }] })],
    /ebsBlockDevices.encrypted is false/,
  ],
  [
    "a volume in clear",
    [resource("create", "aws:ebs/volume:Volume", "orders-1-data", { new: {} })],
    /^Volume orders-1-data must be encrypted/,
  ],
  [
    "an encrypted volume",
    [resource("create", "aws:ebs/volume:Volume", "orders-1-data", { new: DISK })],
  ],
  [
    "a group without rules of its own",
    [resource("create", GROUP, "orders-nodes", { new: { ingress: [] } })],
  ],
  [
    "inline ingress",
    [resource("create", GROUP, "orders-nodes", { new: { ingress: [{}] } })],
    /rules of its own \(ingress\)/,
  ],
  [
    "inline egress, unknown",
    [resource("create", GROUP, "orders-nodes", { new: { egress: UNKNOWN } })],
    /rules of its own \(egress\)/,
  ],
  [
    "a rule of the old type",
    [resource("create", "aws:ec2/securityGroupRule:SecurityGroupRule", "x", {})],
    /old type of rule/,
  ],
  [
    "a node with a public address",
    [instance({ associatePublicIpAddress: true })],
    /associatePublicIpAddress is true/,
  ],
  [
    "a node with an unknown public address",
    [instance({ associatePublicIpAddress: UNKNOWN })],
    /isn't known/,
  ],
  [
    "a portal with a public address",
    [instance({ associatePublicIpAddress: true }, "orders-portal-1")],
  ],
  ["a node in a private subnet", network({})],
  [
    "a node in a subnet that gives addresses",
    network({}, { mapPublicIpOnLaunch: true }),
    /^Subnet orders-nodes-a must not/,
  ],
  [
    "a portal in a subnet that gives addresses",
    network({}, { mapPublicIpOnLaunch: true }, "orders-portal-1"),
  ],
  [
    "an address for a node's interface",
    [
      node,
      resource("create", "aws:ec2/eip:Eip", "orders-extra", {
        new: { networkInterface: UNKNOWN },
        from: { networkInterface: node },
      }),
    ],
    /give the node orders-1 a public address/,
  ],
  [
    "an address associated with a node",
    [
      node,
      resource("create", "aws:ec2/eipAssociation:EipAssociation", "orders-extra", {
        from: { networkInterfaceId: node },
      }),
    ],
    /give the node orders-1/,
  ],
  [
    "an address named for a node",
    [resource("create", "aws:ec2/eip:Eip", "orders-2", {})],
    /give the node orders-2/,
  ],
  ["an address for a portal", [resource("create", "aws:ec2/eip:Eip", "orders-portal-1", {})]],
  [
    "a node's route to the internet",
    network({ destinationCidrBlock: "0.0.0.0/0", gatewayId: UNKNOWN }),
    /^Route orders-out would lead out of the nodes' subnet orders-nodes-a/,
  ],
  [
    "a node's IPv6 route",
    network({ destinationIpv6CidrBlock: "::/0", egressOnlyGatewayId: UNKNOWN }),
    /lead out/,
  ],
  [
    "a node's IPv6 route by another machine",
    network({ destinationIpv6CidrBlock: "::/0", networkInterfaceId: UNKNOWN }),
    /lead out/,
  ],
  [
    "a node's route with an unknown destination",
    network({ destinationCidrBlock: UNKNOWN }),
    /lead out/,
  ],
  [
    "a node's narrow route to a NAT gateway",
    network({ destinationCidrBlock: "198.51.100.0/24", natGatewayId: UNKNOWN }),
    /lead out/,
  ],
  [
    "a portal's route to the internet",
    network({ destinationCidrBlock: "0.0.0.0/0", gatewayId: UNKNOWN }, {}, "orders-portal-1"),
  ],
  [
    "a route whose subnet is hidden",
    [
      resource("create", "aws:ec2/route:Route", "orders-out", {
        new: { destinationCidrBlock: "0.0.0.0/0" },
      }),
    ],
    /doesn't show of which subnet/,
  ],
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
    "an open rule past the quota",
    [documentOf(entries(31)), openedBefore({ cidrIpv4: "0.0.0.0/0" })],
  ],
  [
    "an open rule of the other family",
    [documentOf(entries(31)), openedBefore({ cidrIpv6: "::/0" })],
    /::\/0, which is not/,
  ],
  ["a closed bucket", [bucket, blockOf(closed)]],
  ["a bucket without its block", [bucket], /no public access block/],
  [
    "a bucket that lets policies open it",
    [bucket, blockOf({ ...closed, blockPublicPolicy: false })],
    /blockPublicPolicy is false/,
  ],
  [
    "a block that goes",
    [resource("delete", BLOCK, "bucket", {})],
    /would be deleted, and public access/,
  ],
  [
    "a marked key",
    [
      resource("create", "x:y:Z", "orders-k", {
        new: { privateKeyPem: "[secret]", password: "[secret]" },
      }),
    ],
  ],
  [
    "a key in clear",
    [
      resource("create", "x:y:Z", "orders-k", {
        new: { files: [{ a: "-----BEGIN EC PRIVATE KEY-----\nMIG" }] },
      }),
    ],
    /^Z orders-k shows a private key in clear text: files.0.a/,
  ],
  [
    "a key in clear before",
    [resource("delete", "x:y:Z", "orders-k", { old: { a: "-----BEGIN PRIVATE KEY-----" } })],
    /private key/,
  ],
  [
    "a key in an output",
    [resource("same", "x:y:Z", "orders-k", { outputs: { pem: "-----BEGIN PRIVATE KEY-----" } })],
    /private key in clear text: pem/,
  ],
  [
    "a password by name",
    [resource("create", "x:y:Z", "orders-k", { new: { masterPassword: "hunter2" } })],
    /a password in clear text: masterPassword/,
  ],
  [
    "a password in a URI",
    [resource("create", "x:y:Z", "orders-k", { new: { a: "postgresql://orders:hunter2@h/db" } })],
    /a password in clear text: a/,
  ],
  [
    "a password in a file",
    [
      resource("create", "x:y:Z", "orders-k", {
        new: { content: '{"etcd":{"password":"hunter2"}}' },
      }),
    ],
    /a password in clear text: content/,
  ],
];

for (const [title, steps, ...refused] of cases)
  test(`${refused.length === 0 ? "fine" : "refused"}: ${title}`, () => {
    const said = refusals(steps);
    assert.equal(said.length, refused.length, said.join("\n"));
    for (const [index, pattern] of refused.entries()) assert.match(said[index] ?? "", pattern);
  });

test("a secret in the config is refused, and never repeated", () => {
  const [said = ""] = refusals([bucket, blockOf(closed)], {
    config: { "portico:password": "hunter2" },
  });
  assert.match(said, /^The config shows a password in clear text: portico:password/);
  assert.doesNotMatch(said, /hunter2/);
});

test("an open rule is explained by the config, for the deployment that it names", () => {
  const steps = [documentOf(entries(1)), openedBefore({ cidrIpv4: "0.0.0.0/0" })];
  const config = (name: string) => ({
    "portico:deployments": JSON.stringify({ [name]: { enforcement: "proxy" } }),
  });
  assert.deepEqual(refusals(steps, { config: config("orders") }), []);
  assert.equal(refusals(steps, { config: config("users") }).length, 1);
});

test("a raised quota holds more entries, so they explain no open rule", () => {
  const steps = [documentOf(entries(31)), openedBefore({ cidrIpv4: "0.0.0.0/0" })];
  const config = { "portico:quota": '{"rulesPerGroup":200}' };
  assert.equal(refusals(steps, { config }).length, 1);
});
