import type { Collision } from "../collision.ts";
import type { AwsDeployment, AwsStack } from "../stack.ts";
import { type Architecture, machineType } from "./machine-type.ts";

/** A machine image and a container's image are for one architecture, and a stack names one of each. */
export function findMixed({ deployments }: AwsStack): readonly Collision[] {
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

/** Undefined: no machine, no matter. */
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
