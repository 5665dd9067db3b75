import assert from "node:assert/strict";
import { test } from "node:test";

import * as pulumi from "@pulumi/pulumi";

import { Firewall } from "../../../components/aws/firewall.ts";
import { flowsOf } from "../../../infra/model/aws-firewall.ts";
import { all, declare, only } from "../declare.ts";

class Document extends pulumi.ComponentResource {
  constructor() {
    super("portico:test:Document", "orders-document");
    this.registerOutputs({});
  }
}

const flows = flowsOf("postgresql");
const office = { family: "ipv4", cidr: "203.0.113.0/24", fromPort: 5432, toPort: 5433 } as const;
const v6 = { family: "ipv6", cidr: "2001:db8:40::/48", fromPort: 8404, toPort: 8404 } as const;
const { resources } = await declare(
  () =>
    new Firewall("orders", {
      vpcId: "vpc-1",
      s3PrefixListId: "pl-1",
      ingress: [
        { name: "orders-203.0.113.0/24", description: "Berlin office", ...office },
        { name: "orders-2001:db8:40::/48-8404", description: "Berlin office", ...v6 },
      ],
      flows,
      before: new Document(),
    }),
);
const [portals, nodes] = ["orders-portals", "orders-nodes"].map(
  (name) => only(resources, "SecurityGroup", name).id,
);
const rules = all(resources, "SecurityGroupIngressRule");

test("groups have constant names and descriptions, and no rules of their own", () => {
  for (const { name, inputs } of all(resources, "SecurityGroup")) {
    assert.equal(inputs.name, name);
    assert.match(String(inputs.description), /^Portico (portals|nodes)$/);
    assert.deepEqual([inputs.ingress, inputs.egress], [undefined, undefined]);
  }
});

test("portals accept whitelist entries on endpoint ports, and nothing else", () => {
  const own = rules.filter(({ inputs }) => inputs.securityGroupId === portals);
  assert.deepEqual(
    own.map(({ name, inputs }) => [
      name,
      inputs.cidrIpv4 ?? inputs.cidrIpv6,
      inputs.fromPort,
      inputs.toPort,
    ]),
    [
      ["orders-203.0.113.0/24", office.cidr, 5432, 5433],
      ["orders-2001:db8:40::/48-8404", v6.cidr, 8404, 8404],
    ],
  );
});

test("nodes accept the two groups of machines on named ports, and no address at all", () => {
  const own = rules.filter(({ inputs }) => inputs.securityGroupId === nodes);
  assert.equal(own.length, flows.length);
  for (const { name, inputs } of own) {
    assert.ok([portals, nodes].includes(String(inputs.referencedSecurityGroupId)), name);
    assert.deepEqual(
      [inputs.cidrIpv4, inputs.cidrIpv6, inputs.prefixListId],
      [undefined, undefined, undefined],
    );
    assert.equal(inputs.fromPort, inputs.toPort, name);
  }
});

test("what leaves a machine goes to nodes or to S3", () => {
  for (const { name, inputs } of all(resources, "SecurityGroupEgressRule"))
    assert.ok(
      inputs.referencedSecurityGroupId === nodes ||
        (inputs.prefixListId === "pl-1" && inputs.fromPort === 443),
      name,
    );
});
