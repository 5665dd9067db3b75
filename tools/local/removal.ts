import { z } from "zod";

import { SetupError } from "../setup/setup-error.ts";
import type { StackConfig } from "./config.ts";
import { type Latest, latest, type StackFiles } from "./state.ts";

/**
 * Throws where `portico:removed` names what the state still protects: an `up` without a preview would take its containers away, and only then
 * stop at its volumes.
 */
export async function checkRemoved(config: StackConfig, files: StackFiles): Promise<void> {
  const removed = z.array(z.string()).safeParse(config["portico:removed"]?.objectValue);
  const held = stillProtected(removed.data ?? [], await latest(files));
  if (held.length > 0)
    throw new SetupError(
      `portico:removed names ${held.join(", ")}, but what holds the data there is still protected. Nothing has been touched. To delete it with its data: npm run pulumi -- state unprotect --all --yes -s local`,
    );
}

/** Of the deployments and portals that are named, those that have something protected. */
export function stillProtected(
  removed: readonly string[],
  state: Latest | undefined,
): readonly string[] {
  const resources = state?.resources ?? [];
  const parents = new Map(resources.map(({ urn, parent }) => [urn, parent]));
  const above = (urn: string | undefined): readonly string[] =>
    urn === undefined ? [] : [urn, ...above(parents.get(urn))];
  return removed.filter((name) =>
    resources.some(({ urn, protect }) => protect && above(urn).some((one) => isOf(one, name))),
  );
}

const isOf = (urn: string, name: string): boolean =>
  ["Deployment", "Portal"].some((kind) => urn.endsWith(`portico:local:${kind}::${name}`));
