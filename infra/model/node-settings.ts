// What a node's container gets to know of itself, and how much shared memory it gets.
import type { Deployment } from "./stack.ts";

/** What a node's container reads from `node.json`. No secret is in it. */
export interface NodeSettings {
  readonly contract: 1;
  readonly name: string;
  readonly scope: string;
  readonly address: string;
  /** Name and address of every node of the cluster. */
  readonly members: Readonly<Record<string, string>>;
  readonly durability: "quorum" | "async";
  readonly database: string;
  readonly user: string;
  /** The container's limit in MiB, which PostgreSQL's own sizes follow. */
  readonly memory: number;
}

interface Member {
  readonly name: string;
  readonly address: string;
}

export function nodeSettings(
  { name, durability, database, user, memory }: Deployment,
  nodes: readonly Member[],
  node: Member,
): NodeSettings {
  return {
    contract: 1,
    name: node.name,
    scope: name,
    address: node.address,
    members: Object.fromEntries(nodes.map((member) => [member.name, member.address])),
    durability,
    database,
    user,
    memory,
  };
}

/**
 * Size of a node's /dev/shm, in MiB: where PostgreSQL's parallel queries meet. Docker's own 64 MiB is less than one hash join of theirs
 * takes. What is in it counts as the container's memory, so that half is the bound: a query that wants more fails alone, before
 * the kernel ends somebody else. The machine's service has the same rule (machine/portico_machine/container.py).
 */
export function sharedMemory(memory: number): number {
  return Math.max(512, Math.floor(memory / 2));
}
