import type { Engine } from "./catalogue.ts";

/** A stack's config after it was checked: everything that was left out has its default. */
export interface Stack {
  readonly target: "local";
  readonly local: LocalTarget;
  readonly deployments: readonly Deployment[];
}

/** Where the containers of a stack live on this machine. */
export interface LocalTarget {
  /** First part of every Docker name, and the value of the label `portico.stack`. */
  readonly name: string;
  /** A /16 that nothing else on this machine uses. */
  readonly range: string;
  /** The first port on 127.0.0.1; a deployment takes 20 in a row. */
  readonly firstPort: number;
  /** The image that both Dockerfiles start from. */
  readonly base: string;
}

export interface Deployment {
  readonly name: string;
  readonly engine: Engine;
  /** Its place in the address and port plans; it stays while others come and go. */
  readonly slot: number;
  /** A /24 for its private network, where the one that its slot names won't do. */
  readonly network: string | undefined;
  readonly nodes: number;
  readonly portals: number;
  /** Limit of a node's container, in MiB. */
  readonly memory: number;
  readonly durability: "quorum" | "async";
  readonly database: string;
  readonly user: string;
  readonly generation: number;
  /** Seconds: see the portal's contract. */
  readonly timing: { readonly hold: number; readonly silence: number; readonly drain: number };
  /** Bytes of WAL. */
  readonly maxLag: number;
  readonly fallback: "role-check" | "off";
  readonly open: boolean;
  /** In the order of the config. */
  readonly whitelist: readonly Source[];
}

/** One line of the whitelist. */
export interface Source {
  readonly cidr: string;
  readonly note: string;
  /** The first instant at which it lets nobody in, as RFC 3339 in UTC. */
  readonly until?: string;
}
