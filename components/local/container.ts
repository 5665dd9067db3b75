// What all containers of a deployment on this machine have in common: labels, paths, limits.
import { join } from "node:path";

import type * as docker from "@pulumi/docker";

import type { LocalDeployment } from "../../infra/model/stack.ts";
import type { Directory } from "../own-provider.ts";

/** What all resources of a deployment on this machine have in common. */
export interface DeploymentContext {
  readonly deployment: LocalDeployment;
  /** Absolute path of the deployment's files on the host. */
  readonly path: string;
  /** The directory at `path`, which nobody else on the host may enter. */
  readonly directory: Directory;
  readonly labels: Labels;
}

type Labels = { label: string; value: string }[];

/** With these, setup finds what a lost state no longer knows. */
export function labelsOf(stack: string, deployment?: string): Labels {
  return [
    { label: "portico.stack", value: stack },
    ...(deployment === undefined ? [] : [{ label: "portico.deployment", value: deployment }]),
  ];
}

/** Where things are below a deployment's directory. */
export const paths = {
  authority: (path: string): string => join(path, "ca.pem"),
  document: (path: string): string => join(path, "document"),
  node: (path: string, node: string): string => join(path, "nodes", node),
  identity: (path: string, portal: string): string => join(path, "portals", portal, "identity"),
  report: (path: string, portal: string): string => join(path, "portals", portal, "report"),
} as const;

/**
 * What every container of ours has in common. Nothing here or beside it may change in daily use: all of it is fixed when a
 * container is made, and a change would make a new one. What changes goes through files.
 */
export function hardened(memory: number): HardenedArgs {
  return {
    readOnly: true,
    // The first process gives up root by these two; nothing keeps them.
    capabilities: { drops: ["ALL"], adds: ["CAP_SETGID", "CAP_SETUID"] },
    securityOpts: ["no-new-privileges:true"],
    memory,
    // No swap. Said as Docker reports it, or every preview shows a change.
    memorySwap: memory,
    restart: "unless-stopped",
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
    sysctls: PEERS,
    wait: true,
  };
}

/**
 * How soon a peer that is gone is noticed: within a minute, whatever state the connection is in. Once data is under way no keepalive is
 * sent, and Linux would try for a quarter of an hour; five tries are 13 s, or 45 s where the peer's window was closed.
 * One that answers is alive, for as long as it answers.
 */
export const PEERS = {
  "net.ipv4.tcp_retries2": "5",
  // For servers that ask for keepalives and don't say how often.
  "net.ipv4.tcp_keepalive_time": "25",
  "net.ipv4.tcp_keepalive_intvl": "5",
  "net.ipv4.tcp_keepalive_probes": "4",
};

/**
 * For portals: how many bytes, beyond one write, wait to be sent to a client that asks for much and stops reading. Linux makes room for megabytes
 * otherwise, which count as the container's memory. What is under way isn't bounded by it, however far the client is.
 */
export const BUFFERS = { "net.ipv4.tcp_notsent_lowat": "16384" };

type HardenedArgs = Pick<
  docker.ContainerArgs,
  | "readOnly"
  | "capabilities"
  | "securityOpts"
  | "memory"
  | "memorySwap"
  | "restart"
  | "logDriver"
  | "logOpts"
  | "sysctls"
  | "wait"
>;
