import type { Rule } from "../facts.ts";
import { title } from "../kind.ts";
import type { Network, Shown } from "../network.ts";
import { networkOf } from "../network.ts";
import { told } from "../value.ts";

const GIVES: Readonly<Record<string, readonly string[]>> = {
  "aws:ec2/eip:Eip": ["instance", "networkInterface"],
  "aws:ec2/eipAssociation:EipAssociation": ["instanceId", "networkInterfaceId"],
};

/** A node has no address by which it could be reached, whatever a firewall says. */
export const noPublicAddress: Rule = (facts) => {
  const network = networkOf(facts);
  return network.shown.flatMap((step) => {
    if (network.nodes.has(step.urn)) return mustBeOff(step, "associatePublicIpAddress");
    if (network.nodeSubnets.has(step.urn)) return mustBeOff(step, "mapPublicIpOnLaunch");
    const node = nodeGiven(step, network) ?? namedForNode(step);
    return node === undefined
      ? []
      : [`${title(step)} would give the node ${node} a public address.`];
  });

  function namedForNode(step: Shown): string | undefined {
    const { machine } = facts.placeOf(step);
    return step.type in GIVES && machine?.kind === "node" ? machine.name : undefined;
  }
};

function nodeGiven(step: Shown, { nodes, sourcesOf }: Network): string | undefined {
  return (GIVES[step.type] ?? [])
    .flatMap((input) => sourcesOf(step, input))
    .find((urn) => nodes.has(urn))
    ?.split("::")
    .at(-1);
}

function mustBeOff(step: Shown, input: string): readonly string[] {
  const value = step.new.inputs[input];
  if (value === undefined || value === null || value === false) return [];
  return [`${title(step)} must not have public addresses: ${input} ${told(value)}.`];
}
