import { blockOf, overlaps } from "../block.ts";
import type { Collision } from "../collision.ts";
import type { AwsStack } from "../stack.ts";

/** VPCs of one stack don't overlap, so that an application may be peered with all of them. */
export function findOverlaps({ deployments }: AwsStack): readonly Collision[] {
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
