import type { Rule } from "../facts.ts";
import { title } from "../kind.ts";
import type { Network, Shown } from "../network.ts";
import { networkOf } from "../network.ts";
import type { Values } from "../preview.ts";
import { isUnknown } from "../value.ts";

const DESTINATIONS = [
  "destinationCidrBlock",
  "destinationIpv6CidrBlock",
  "cidrBlock",
  "ipv6CidrBlock",
];
const WAYS_OUT = ["gatewayId", "natGatewayId", "egressOnlyGatewayId"];

/** What a node's subnet is routed by leads nowhere but to its own network (and to the endpoint's prefix list). */
export const noWayOut: Rule = (facts) => {
  const network = networkOf(facts);
  return network.shown.flatMap((step) => {
    const out = routesIn(step).filter(leadsOut);
    if (out.length === 0) return [];
    const tables = step.type.endsWith(":Route")
      ? network.sourcesOf(step, "routeTableId")
      : [step.urn];
    const subnets = subnetsOf(tables, network);
    if (subnets.length === 0)
      return [
        `${title(step)} leads out, and the preview doesn't show of which subnet; make it with --show-sames.`,
      ];
    const ofNodes = subnets.filter((urn) => network.nodeSubnets.has(urn));
    return ofNodes.map(
      (urn) => `${title(step)} would lead out of the nodes' subnet ${urn.split("::").at(-1)}.`,
    );
  });
};

function routesIn({ type, new: { inputs } }: Shown): readonly Values[] {
  if (type === "aws:ec2/route:Route") return [inputs];
  if (type !== "aws:ec2/routeTable:RouteTable") return [];
  return Array.isArray(inputs.routes) ? inputs.routes : [];
}

function leadsOut(route: Values): boolean {
  const everywhere = DESTINATIONS.some((key) => {
    const to = route[key];
    return to === "0.0.0.0/0" || to === "::/0" || isUnknown(to);
  });
  return everywhere || WAYS_OUT.some((key) => route[key] !== undefined && route[key] !== "");
}

function subnetsOf(tables: readonly string[], { shown, sourcesOf }: Network): readonly string[] {
  return shown
    .filter(({ type }) => type === "aws:ec2/routeTableAssociation:RouteTableAssociation")
    .filter((step) => sourcesOf(step, "routeTableId").some((urn) => tables.includes(urn)))
    .flatMap((step) => sourcesOf(step, "subnetId"));
}
