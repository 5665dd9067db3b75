import type * as docker from "@pulumi/docker";

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
    wait: true,
  };
}

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
  | "wait"
>;
