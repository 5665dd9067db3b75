import { z } from "zod";

import { DEFAULT_QUOTA, rulesFor } from "../../infra/model/aws/quota.ts";
import type { Preview } from "./preview.ts";

/** The little of the stack's config that explains an open ingress rule. Whatever can't be read explains nothing. */
const Quota = z.looseObject({ rulesPerGroup: z.number().default(DEFAULT_QUOTA.rulesPerGroup) });
const Deployments = z.record(z.string(), z.looseObject({ enforcement: z.string().optional() }));

/**
 * Whether a whitelist of so many entries of one family is left to HAProxy alone: the config says so, or a security group can't
 * hold their rules.
 */
export function leftToProxy(
  { config }: Preview,
  deployment: string | undefined,
  entries: number,
): boolean {
  const deployments = Deployments.safeParse(read(config["portico:deployments"])).data ?? {};
  if (deployments[deployment ?? ""]?.enforcement === "proxy") return true;
  const quota = Quota.safeParse(read(config["portico:quota"])).data ?? DEFAULT_QUOTA;
  return rulesFor(entries, "firewall") > quota.rulesPerGroup;
}

function read(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
