// What of a stack can't be built beside the rest of it: networks, names, ports and architectures that clash.

import { nodeNames, portalNames } from "../../engines/table.ts";
import type { Architecture } from "./aws-machine.ts";
import { machineType } from "./aws-machine.ts";
import { blockOf, overlaps } from "./block.ts";
import {
  HIGHEST_SLOT,
  PORTS_A_DEPLOYMENT,
  planDeployment,
  planPublicNetwork,
  portsTaken,
} from "./plan.ts";
import type { AwsDeployment, AwsStack, LocalDeployment, LocalStack, Stack } from "./stack.ts";

/** Why a deployment can't be built as planned. */
export interface Collision {
  readonly deployment: string;
  readonly why: string;
}

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

/** VPCs of one stack don't overlap, so that an application may be peered with all of them. */
function findOverlaps({ deployments }: AwsStack): readonly Collision[] {
  return deployments.flatMap(({ name, network }, index) =>
    deployments
      .slice(0, index)
      .filter((other) => overlaps(blockOf(network), blockOf(other.network)))
      .map((other) => ({
        deployment: name,
        why: `its network ${network} overlaps ${other.network} of ${other.name}: give one of them another "network"`,
      })),
  );
}

/** A machine image and a container's image are for one architecture, and a stack names one of each. */
function findMixed({ deployments }: AwsStack): readonly Collision[] {
  const [first] = deployments.flatMap(typesOf);
  if (first === undefined) return [];
  return deployments.flatMap((deployment) =>
    [...new Set(typesOf(deployment))]
      .filter((type) => architectureOf(type) !== architectureOf(first))
      .map((type) => ({
        deployment: deployment.name,
        why:
          `${type} is ${architectureOf(type)}, and ${first} is ${architectureOf(first)}: ` +
          "all machines of a stack start from aws.ami, which is for one of them",
      })),
  );
}

/** Undefined: the stack has no machine. */
export function architectureIn({ deployments }: AwsStack): Architecture | undefined {
  const [first] = deployments.flatMap(typesOf);
  return first === undefined ? undefined : architectureOf(first);
}

/** Those of machines that start from the stack's own image. */
function typesOf({ nodeType, portalType, pins }: AwsDeployment): readonly string[] {
  const pinned = Object.values(pins).flatMap(({ type, ami }) =>
    type === undefined || ami !== undefined ? [] : [type],
  );
  return [nodeType, portalType, ...pinned];
}

const architectureOf = (type: string): Architecture => machineType(type).architecture;
