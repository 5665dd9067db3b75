import { findMixed } from "./aws/architectures.ts";
import { findOverlaps } from "./aws/overlaps.ts";
import { blockOf, overlaps } from "./block.ts";
import { nodeNames, portalNames } from "./catalogue.ts";
import type { Collision } from "./collision.ts";
import {
  HIGHEST_SLOT,
  PORTS_A_DEPLOYMENT,
  planDeployment,
  planPublicNetwork,
  portsTaken,
} from "./plan.ts";
import type { AwsStack, LocalDeployment, LocalStack, Stack } from "./stack.ts";

const LONGEST_NAME = 63;

/** What can't be built as planned: networks that overlap, machines of two sorts, ports past the last one, names that clash or are too long. */
export function findCollisions(stack: Stack): readonly Collision[] {
  if (stack.target === "local") return collisionsHere(stack);
  return [...findOverlaps(stack), ...findMixed(stack), ...sharedMachines(stack)];
}

/** A machine's name is its tag on AWS, by which people find its volume and snapshots: nodes of `orders-portal` would be portals of `orders`. */
function sharedMachines({ deployments }: AwsStack): readonly Collision[] {
  const owners = new Map<string, string>();
  return deployments.flatMap((deployment) => {
    const machines = [...nodeNames(deployment), ...portalNames(deployment)];
    const shared = machines.find((machine) => owners.has(machine));
    for (const machine of machines) owners.set(machine, deployment.name);
    if (shared === undefined) return [];
    return [{ deployment: deployment.name, why: `its machine "${shared}" is also one of another` }];
  });
}

function collisionsHere({ local, deployments }: LocalStack): readonly Collision[] {
  const shared = planPublicNetwork(local);
  const networks = [{ who: "the network that all portals share", cidr: shared.cidr }];
  const names = new Map<string, string>([[shared.name, "the network that all portals share"]]);
  return deployments.flatMap((deployment) => {
    const problems: string[] = [];
    const { network, nodes, portals, prefix } = planDeployment(deployment, local);
    for (const { who, cidr } of networks)
      if (overlaps(blockOf(cidr), blockOf(network.cidr)))
        problems.push(`its network ${network.cidr} overlaps ${cidr} of ${who}`);
    networks.push({ who: deployment.name, cidr: network.cidr });

    if (deployments.some(({ name }) => deployment.name === `${name}-document`))
      problems.push(
        "is the name of another deployment's folder: choose another than its own and -document",
      );

    const containers = [...nodes, ...portals].flatMap(({ container, volume }) => [
      container,
      volume,
    ]);
    for (const name of new Set([prefix, ...containers])) {
      const owner = names.get(name);
      if (owner !== undefined) problems.push(`its Docker name "${name}" is also one of ${owner}`);
      names.set(name, deployment.name);
      if (name.length > LONGEST_NAME)
        problems.push(
          `its Docker name "${name}" has ${name.length} characters: ${LONGEST_NAME} at most`,
        );
    }
    problems.push(...portProblems(deployment, local.firstPort));
    return problems.map((why) => ({ deployment: deployment.name, why }));
  });
}

function portProblems(deployment: LocalDeployment, firstPort: number): readonly string[] {
  const { slot, portals, nodes } = deployment;
  const needed = portsTaken(deployment);
  if (needed > PORTS_A_DEPLOYMENT)
    return [
      `its ${nodes} nodes and ${portals} portals take ${needed} ports on this machine, and a deployment has ${PORTS_A_DEPLOYMENT}: ask for fewer nodes or portals`,
    ];
  if (slot > HIGHEST_SLOT)
    return [`is one too many: a stack holds ${HIGHEST_SLOT + 1} deployments`];
  const last = firstPort + (slot + 1) * PORTS_A_DEPLOYMENT - 1;
  if (last <= 65_535) return [];
  return [`its ports would go up to ${last}: choose a lower local.firstPort or slot`];
}
