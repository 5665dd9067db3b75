import type { Engine } from "../../engines/table.ts";
import type { Quota } from "./aws-quota.ts";

/** A stack's config after it was checked: everything that was left out has its default. */
export type Stack = LocalStack | AwsStack;

export interface LocalStack {
  readonly target: "local";
  readonly local: LocalTarget;
  readonly deployments: readonly LocalDeployment[];
}

export interface AwsStack {
  readonly target: "aws";
  readonly aws: AwsTarget;
  readonly deployments: readonly AwsDeployment[];
}

/** Where the containers of a stack live on this machine. */
export interface LocalTarget {
  /** First part of every Docker name, and the value of the label `portico.stack`. */
  readonly name: string;
  /** A /16 that nothing else on this machine uses. */
  readonly range: string;
  /** The first port on 127.0.0.1; a deployment takes 20 in a row. */
  readonly firstPort: number;
  /** The image that every Dockerfile starts from. */
  readonly base: string;
}

/** Where the machines of a stack live on AWS. */
export interface AwsTarget {
  /** First part of names that must be unique in an account, and the value of the tag `portico:stack`. */
  readonly name: string;
  readonly region: string;
  /** Three of the region's zones: nodes are in all of them, portals in the first two. */
  readonly zones: readonly string[];
  /** Id of an Amazon Linux 2023 image. */
  readonly ami: string;
  /** Where deployments that name no network get theirs. */
  readonly range: string;
  /** Images are built from this project, and `images` is empty. */
  readonly build: boolean;
  /** Ids (`sha256:…`) of the images that machines run, by image. */
  readonly images: { readonly portal?: string | undefined } & {
    readonly [E in Engine]?: string | undefined;
  };
  readonly quota: Quota;
}

export interface LocalDeployment extends Deployment {
  /** Its place in the address and port plans; it stays while others come and go. */
  readonly slot: number;
}

export interface AwsDeployment extends Deployment {
  /** The /24 of its VPC. */
  readonly network: string;
  /** Types of the machines. */
  readonly nodeType: string;
  readonly portalType: string;
  /** Size of a node's data volume, in GiB. */
  readonly volume: number;
  /** `proxy`: security groups let everybody reach the portals, which alone enforce the whitelist. */
  readonly enforcement: "firewall" | "proxy";
  /** By machine: what it keeps of its own, so that an upgrade goes one machine at a time. */
  readonly pins: Readonly<Record<string, Pin>>;
}

export interface Pin {
  /** Id of the container's image; of nodes alone. */
  readonly image?: string | undefined;
  /** Id of the machine's image. */
  readonly ami?: string | undefined;
  /** Type of the machine. */
  readonly type?: string | undefined;
}

export interface Deployment {
  readonly name: string;
  readonly engine: Engine;
  readonly version: string;
  /** Groups of endpoints. */
  readonly endpoints: readonly string[];
  /** A /24 for its private network, where the one that it would get won't do. */
  readonly network: string | undefined;
  readonly nodes: number;
  readonly portals: number;
  /** Limit of a node's container, in MiB. */
  readonly memory: number;
  readonly durability: "quorum" | "async";
  readonly database: string;
  readonly user: string;
  readonly generation: number;
  /** How often the clients' password was changed. */
  readonly rotate: number;
  /** Seconds: see the portal's contract. */
  readonly timing: { readonly hold: number; readonly silence: number; readonly drain: number };
  /** Bytes of WAL. */
  readonly maxLag: number;
  readonly fallback: "role-check" | "off";
  readonly open: boolean;
  /** In the order of the config. */
  readonly whitelist: readonly Source[];
  /** Absent: no SSH portal. */
  readonly ssh?: Ssh;
}

export interface Ssh {
  /** Whose tunnels are let in: a public key by name. */
  readonly keys: Readonly<Record<string, string>>;
}

/** One line of the whitelist. */
export interface Source {
  readonly cidr: string;
  readonly note: string;
  /** The first instant at which it lets nobody in, as RFC 3339 in UTC. */
  readonly until?: string;
}

/**
 * What all images start from: debian:trixie-20260918-slim (13.7), for every architecture. By its digest, as Docker's own list of the
 * official images tells it (docker-library/repo-info), so that a newer one comes by a commit and not by itself. Dockerfiles name the same.
 */
export const BASE_IMAGE =
  "debian@sha256:a99cfc517144bc59b1978475ec53b46ecabec7e43635402ee5b77cc54cd1b20a";
