import { z } from "zod";

import type { Preview } from "./preview.ts";

/** The little of the stack's config that explains an open ingress rule. Whatever can't be read explains nothing. */
const Deployments = z.record(z.string(), z.looseObject({ enforcement: z.string().optional() }));

/** Whether the config says that a deployment's whitelist is left to HAProxy alone. */
export function leftToProxy({ config }: Preview, deployment: string | undefined): boolean {
  const deployments = Deployments.safeParse(read(config["portico:deployments"])).data ?? {};
  return deployments[deployment ?? ""]?.enforcement === "proxy";
}

function read(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
