import assert from "node:assert/strict";
import { test } from "node:test";
import { UNKNOWN } from "../../tools/guard/preview.ts";
import {
  BLOCK,
  blockOf,
  bucket,
  check,
  closed,
  instance,
  network,
  node,
  refusals,
  resource,
} from "./preview.ts";

check([
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
]);

check([
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
    "a key in clear before, which the update takes out",
    [
      resource("update", "x:y:Z", "orders-k", {
        old: { a: "-----BEGIN PRIVATE KEY-----" },
        new: { a: "[secret]" },
      }),
      resource("delete", "x:y:Z", "orders-l", { old: { a: "-----BEGIN PRIVATE KEY-----" } }),
    ],
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
]);

test("a secret in the config is refused, and never repeated", () => {
  const [refusal = ""] = refusals([bucket, blockOf(closed)], {
    config: { "portico:password": "hunter2" },
  });
  assert.match(refusal, /^The config shows a password in clear text: portico:password/);
  assert.doesNotMatch(refusal, /hunter2/);
});
