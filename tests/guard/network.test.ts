import { UNKNOWN } from "../../tools/guard/preview.ts";
import { check } from "./check.ts";
import { resource } from "./preview.ts";
import { instance, network, node } from "./resources.ts";

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
