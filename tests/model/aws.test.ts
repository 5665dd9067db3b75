import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { ConfigError, parseConfig } from "../../infra/config.ts";
import { machinePolicy } from "../../infra/model/aws-bucket.ts";
import { ingressRules } from "../../infra/model/aws-firewall.ts";
import { networkOf, planOnAws } from "../../infra/model/aws-plan.ts";
import { blockOf, contains, overlaps } from "../../infra/model/block.ts";
import type { AwsDeployment, AwsStack } from "../../infra/model/stack.ts";

const AWS = {
  name: "portico-test",
  region: "eu-central-1",
  zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
  ami: "ami-0123456789abcdef0",
  images: { portal: `sha256:${"a".repeat(64)}`, postgresql: `sha256:${"b".repeat(64)}` },
};

function awsStack(deployments: Readonly<Record<string, object>>, aws: object = {}): AwsStack {
  const described = Object.entries(deployments).map(([name, rest]) => [
    name,
    { engine: "postgresql", ...rest },
  ]);
  const { stack } = parseConfig(
    { target: "aws", aws: { ...AWS, ...aws }, deployments: Object.fromEntries(described) },
    new Date("2026-06-01T12:00:00Z"),
  );
  assert.ok(stack.target === "aws");
  return stack;
}

function problemsIn(deployments: Readonly<Record<string, object>>, aws: object = {}) {
  try {
    awsStack(deployments, aws);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return [];
}

const withWhitelist = (whitelist: object): AwsDeployment =>
  awsStack({ orders: { whitelist } }).deployments[0] as AwsDeployment;

test("subnets lie in their VPC and don't overlap, and every machine has an address of its own in its subnet", () => {
  const sizes = fc.record({
    nodes: fc.constantFrom(1, 3, 5, 7),
    portals: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(sizes, fc.stringMatching(/^[a-z][a-z0-9]{2,12}$/), (counts, name) => {
      const network = networkOf(name, "10.64.0.0/10");
      const plan = planOnAws({ name, network, ...counts }, AWS);
      const subnets = [...plan.publicSubnets, ...plan.nodeSubnets];
      for (const [index, { cidr }] of subnets.entries()) {
        assert.ok(contains(blockOf(plan.cidr), blockOf(cidr)));
        for (const other of subnets.slice(0, index))
          assert.ok(!overlaps(blockOf(cidr), blockOf(other.cidr)));
      }
      const machines = [...plan.nodes, ...plan.portals];
      for (const { address, subnet } of machines) {
        const block = blockOf(subnet.cidr);
        const own = blockOf(`${address}/32`);
        assert.ok(contains(block, own));
        // AWS keeps the first four addresses of a subnet and the last.
        assert.ok(own.first >= block.first + 4n && own.last < block.last);
      }
      assert.equal(new Set(machines.map(({ address }) => address)).size, machines.length);
      assert.ok(
        new Set(plan.portals.map(({ subnet }) => subnet.zone)).size >= Math.min(2, counts.portals),
      );
    }),
  );
});

test("nodes are spread over all zones", () => {
  const plan = planOnAws({ name: "orders", network: "10.64.1.0/24", nodes: 3, portals: 2 }, AWS);

  assert.deepEqual(
    plan.nodes.map(({ subnet }) => subnet.zone),
    AWS.zones,
  );
});

test("a deployment's network follows from its name, and lies in the range", () => {
  const range = blockOf("10.64.0.0/10");
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      const network = networkOf(name, "10.64.0.0/10");
      assert.equal(network, networkOf(name, "10.64.0.0/10"));
      assert.ok(contains(range, blockOf(network)));
    }),
  );
});

test("each entry has a rule for each range of ports, named by its CIDR, in any order of the file", () => {
  const a = { "203.0.113.0/24": "Berlin", "2001:db8::/48": "Berlin" };
  const b = { "2001:db8::/48": "Berlin", "203.0.113.0/24": "Berlin" };
  const rules = ingressRules(withWhitelist(a));

  assert.deepEqual(
    rules.map(({ name, fromPort, toPort }) => [name, fromPort, toPort]),
    [
      ["orders-203.0.113.0/24", 5432, 5433],
      ["orders-203.0.113.0/24-8404", 8404, 8404],
      ["orders-2001:db8::/48", 5432, 5433],
      ["orders-2001:db8::/48-8404", 8404, 8404],
    ],
  );
  assert.deepEqual(ingressRules(withWhitelist(b)), rules);
});

test("where the portals alone enforce it, a family with an entry is open, and one without stays shut", () => {
  const rules = ingressRules({
    ...withWhitelist({ "203.0.113.0/24": "Berlin", "198.51.100.7/32": "CI" }),
    enforcement: "proxy",
  });

  assert.deepEqual(
    rules.map(({ cidr, fromPort, description }) => [cidr, fromPort, description]),
    [5432, 8404].map((port) => ["0.0.0.0/0", port, "the portals alone enforce the whitelist"]),
  );
});

test("a note becomes a description that AWS takes", () => {
  const [rule] = ingressRules(withWhitelist({ "203.0.113.0/24": "Büro <Ann> 'home'" }));

  assert.equal(rule?.description, "B?ro ?Ann? ?home?");
});

test("a node's memory follows its machine, and the smallest one of all nodes", () => {
  const memory = (orders: object) => awsStack({ orders }).deployments[0]?.memory;
  assert.equal(memory({ nodeType: "m7g.large" }), 8192 - 820);
  assert.equal(memory({ nodeType: "c7g.4xlarge" }), 32_768 - 3277);
  assert.equal(
    memory({ nodeType: "m7g.xlarge", pins: { "orders-2": { type: "m7g.large" } } }),
    7372,
  );
  assert.equal(memory({ nodeType: "m7g.large", memory: "4GiB" }), 4096);
  assert.equal(memory({ nodeType: "x2gd.large", memory: "16GiB" }), 16_384);
});

test("a machine may read its own prefix and what all machines share, and write its own report, nothing else", () => {
  const text = machinePolicy({
    bucketArn: "arn:aws:s3:::b",
    keyArn: "arn:aws:kms:k",
    deployment: "orders",
    machine: "orders-1",
    isPortal: false,
    after: undefined,
  });
  const resources = JSON.parse(text).Statement.flatMap(
    ({ Action, Resource }: { Action: string; Resource: string | string[] }) =>
      [Resource].flat().map((each) => `${Action} ${each}`),
  );

  assert.deepEqual(resources, [
    "s3:GetObject arn:aws:s3:::b/orders/orders-1/machine.json",
    "s3:GetObject arn:aws:s3:::b/orders/orders-1/files/*",
    "s3:GetObject arn:aws:s3:::b/machine/portico-machine",
    "s3:GetObject arn:aws:s3:::b/images/*",
    "s3:ListBucket arn:aws:s3:::b",
    "s3:PutObject arn:aws:s3:::b/reported/orders/orders-1/*",
    "kms:Decrypt,kms:GenerateDataKey arn:aws:kms:k",
  ]);
});

for (const [what, problems, expected] of [
  [
    "a zone of another region",
    problemsIn({}, { zones: ["eu-west-1a", "eu-central-1b", "eu-central-1c"] }),
    'aws.zones[0]: "eu-west-1a" is not in eu-central-1',
  ],
  [
    "a zone named twice",
    problemsIn({}, { zones: ["eu-central-1a", "eu-central-1a", "eu-central-1c"] }),
    'aws.zones[1]: "eu-central-1a" is named twice',
  ],
  [
    "an image by its tag",
    problemsIn({}, { images: { ...AWS.images, portal: "portal:latest" } }),
    'aws.images.portal: must be the id of an image, "sha256:" and 64 hexadecimal digits',
  ],
  [
    "no image of the portals, and nothing that builds one",
    problemsIn({}, { images: {} }),
    "aws.images.portal: is missing: must be the id of an image, or build: true",
  ],
  [
    "an image beside one that is built",
    problemsIn({}, { build: true, images: { portal: AWS.images.portal } }),
    "aws.images.portal: is built, as build: true says; leave out one of the two",
  ],
  [
    "a pin of a node that isn't there",
    problemsIn({ orders: { pins: { "orders-4": { image: AWS.images.portal } } } }),
    "deployments.orders.pins.orders-4: is no machine of it: they are orders-1, orders-2, orders-3, orders-portal-1, orders-portal-2",
  ],
  [
    "an image pinned to a portal",
    problemsIn({ orders: { pins: { "orders-portal-1": { image: AWS.images.portal } } } }),
    "deployments.orders.pins.orders-portal-1.image: is for nodes: portals change theirs one after the other",
  ],
  [
    "a machine on Xen",
    problemsIn({ orders: { nodeType: "m4.large", memory: "4GiB", portalType: "t3.micro" } }),
    "deployments.orders.nodeType: m4.large is an older machine, on which a volume is not found; take a newer one",
  ],
  [
    "machines of two architectures",
    problemsIn({ orders: { portalType: "t3.micro" } }),
    "deployments.orders: t3.micro is amd64, and t4g.small is arm64: all machines of a stack start from aws.ami, which is for one of them",
  ],
  [
    "more memory than the machine has",
    problemsIn({ orders: { memory: "2GiB" } }),
    "deployments.orders.memory: must be 1536MiB at most on t4g.small, which needs the rest itself",
  ],
  [
    "a machine of which nothing is known, without its memory",
    problemsIn({ orders: { nodeType: "x2gd.large" } }),
    "deployments.orders.memory: is required: how much memory a machine of the type x2gd.large has is not known",
  ],
  [
    "machines that are too small",
    problemsIn({ orders: { nodeType: "t4g.nano" } }),
    "deployments.orders.nodeType: t4g.nano is too small: it has room for 0MiB of the 256MiB",
  ],
  [
    "a portal's machine that is too small",
    problemsIn({ orders: { pins: { "orders-portal-2": { type: "t4g.nano" } } } }),
    "deployments.orders.portalType: t4g.nano is too small: a portal needs 512MiB",
  ],
  [
    "a network of public addresses",
    problemsIn({ orders: { network: "172.0.1.0/24" } }),
    "deployments.orders.network: 172.0.1.0/24 holds public addresses, and clients there could not be answered; private ones are in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10",
  ],
  [
    "a network where Docker has its own",
    problemsIn({ orders: { network: "172.17.9.0/24" } }),
    "deployments.orders.network: 172.17.9.0/24 overlaps 172.17.0.0/16, Docker's own on each machine",
  ],
  [
    "a range of public addresses",
    problemsIn({}, { range: "100.0.0.0/8" }),
    "aws.range: 100.0.0.0/8 holds public addresses, and clients there could not be answered; private ones are in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10",
  ],
  [
    "a range around Docker's own",
    problemsIn({}, { range: "172.16.0.0/12" }),
    "aws.range: 172.16.0.0/12 overlaps 172.17.0.0/16, Docker's own on each machine",
  ],
  [
    "a stack without a name, which would share its snapshots with the next one",
    problemsIn({}, { name: undefined }),
    "aws.name: must be 2 to 30 lower-case letters, digits and dashes, begin with a letter and not end with a dash",
  ],
  [
    "two deployments in one network",
    problemsIn({ orders: { network: "10.64.1.0/24" }, stock: { network: "10.64.1.0/24" } }),
    'deployments.stock: its network 10.64.1.0/24 overlaps 10.64.1.0/24 of orders: give one of them another "network"',
  ],
  ...["images", "machine", "reported"].map(
    (name) =>
      [
        `a deployment named ${name}, which is a prefix of the bucket`,
        problemsIn({ [name]: {} }),
        `deployments.${name}: is reserved on AWS, where the stack's bucket keeps other objects below ${name}/`,
      ] as const,
  ),
  ...["sg-orders", "sg"].map(
    (name) =>
      [
        `a deployment named ${name}, as no security group may be`,
        problemsIn({ [name]: {} }),
        `deployments.${name}: must not be sg or begin with sg-: AWS takes no security group of such a name`,
      ] as const,
  ),
  [
    "a name that no bucket may have",
    problemsIn({}, { name: "xn--shop" }),
    "aws.name: must not begin with xn--, sthree- or amzn-s3-demo-: AWS takes no bucket of such a name",
  ],
  [
    "a machine's name that two deployments have",
    problemsIn({ orders: {}, "orders-portal": {} }),
    'deployments.orders-portal: its machine "orders-portal-1" is also one of another',
  ],
  ...(["mongodb", "rethinkdb"] as const).map(
    (engine) =>
      [
        `the home-made stand-in of ${engine}`,
        problemsIn(
          { carts: { engine } },
          { images: { ...AWS.images, [engine]: AWS.images.portal } },
        ),
        `deployments.carts.engine: ${engine} has only a stand-in here, a program of our own that keeps no data safely: it runs on the local target alone`,
      ] as const,
  ),
  ...["us-gov-west-1", "cn-north-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1"].map(
    (region) =>
      [
        `a region of another partition, ${region}`,
        problemsIn({}, { region, zones: ["a", "b", "c"].map((zone) => `${region}${zone}`) }),
        "aws.region: is in a partition of its own (AWS GovCloud, China or an isolated one): Portico knows the standard one alone",
      ] as const,
  ),
  [
    "a local zone",
    problemsIn({}, { zones: ["eu-central-1a", "eu-central-1b", "eu-central-1-waw-1a"] }),
    'aws.zones[2]: "eu-central-1-waw-1a" is no availability zone, such as eu-central-1a',
  ],
  [
    "a misspelt key of the target",
    problemsIn({}, { regions: "eu-central-1" }),
    'aws: unknown key "regions"; did you mean "region"?',
  ],
] as const)
  test(`refused on AWS: ${what}`, () => assert.deepEqual(problems, [expected]));
