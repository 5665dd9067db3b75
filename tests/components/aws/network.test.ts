import assert from "node:assert/strict";
import { test } from "node:test";

import { Network } from "../../../components/aws/network.ts";
import { planOnAws } from "../../../infra/model/aws-plan.ts";
import { all, declare, only } from "../declare.ts";

const zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
const plan = planOnAws(
  { name: "orders", network: "10.64.7.0/24", nodes: 3, portals: 2 },
  { zones },
);
const bucketArn = "arn:aws:s3:::portico-test";
const { resources } = await declare(
  () => new Network("orders", { plan, region: "eu-central-1", bucketArn }),
);
const idOf = (type: string, name: string) => only(resources, type, name).id;
/** Names of the subnets that a route table is for. */
const subnetsOf = (table: string) =>
  all(resources, "RouteTableAssociation")
    .filter(({ inputs }) => inputs.routeTableId === idOf("RouteTable", table))
    .map(({ inputs }) => all(resources, "Subnet").find(({ id }) => id === inputs.subnetId)?.name);

test("portals' subnets have the routes to the internet gateway, of both families", () => {
  assert.deepEqual(subnetsOf("orders-public").sort(), [
    "orders-public-eu-central-1a",
    "orders-public-eu-central-1b",
  ]);
  const gateway = only(resources, "InternetGateway").id;
  assert.deepEqual(
    all(resources, "Route")
      .map(({ inputs: { destinationCidrBlock, destinationIpv6CidrBlock, ...rest } }) => [
        destinationCidrBlock ?? destinationIpv6CidrBlock,
        rest,
      ])
      .sort(),
    ["0.0.0.0/0", "::/0"].map((to) => [
      to,
      { gatewayId: gateway, routeTableId: idOf("RouteTable", "orders-public") },
    ]),
  );
});

test("nodes' subnets have no route at all, in each zone one, and no IPv6", () => {
  assert.deepEqual(
    subnetsOf("orders-nodes").sort(),
    zones.map((zone) => `orders-nodes-${zone}`),
  );
  for (const { inputs } of all(resources, "RouteTable")) assert.equal(inputs.routes, undefined);
  for (const { name, inputs } of all(resources, "Subnet")) {
    assert.equal(inputs.mapPublicIpOnLaunch, undefined, name);
    assert.equal(inputs.ipv6CidrBlock === undefined, name.startsWith("orders-nodes"), name);
  }
});

test("each of the public subnets has a /64 of the VPC's own block", () => {
  const blocks = all(resources, "Subnet").flatMap(({ inputs }) => inputs.ipv6CidrBlock ?? []);
  assert.equal(new Set(blocks).size, 2);
  for (const block of blocks) assert.match(String(block), /^2001:db8:[0-9a-f]+:[0-9a-f]+::\/64$/);
});

test("the gateway endpoint lets both reach the stack's bucket and the package repositories alone", () => {
  const { inputs } = only(resources, "VpcEndpoint");
  assert.equal(inputs.vpcEndpointType, "Gateway");
  assert.deepEqual(
    [...(inputs.routeTableIds as string[])].sort(),
    [idOf("RouteTable", "orders-nodes"), idOf("RouteTable", "orders-public")].sort(),
  );
  const { Statement } = JSON.parse(String(inputs.policy));
  assert.deepEqual(
    Statement.flatMap(({ Resource }: { Resource: string | string[] }) => Resource),
    [bucketArn, `${bucketArn}/*`, "arn:aws:s3:::al2023-repos-eu-central-1-de612dc2/*"],
  );
});

test("the VPC answers names, by which the endpoint is found", () => {
  const { enableDnsHostnames, enableDnsSupport } = only(resources, "Vpc").inputs;
  assert.deepEqual([enableDnsHostnames, enableDnsSupport], [true, true]);
});
