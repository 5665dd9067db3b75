// Protection in the stack's state: what keeps a deployment that was taken out of the config, and how it is put back after a removal.
import { z } from "zod";

import { stillProtected } from "../../infra/model/inventory.ts";
import { kindOf } from "../guard/facts.ts";
import { HOLDS } from "../guard/losses.ts";
import { SetupError } from "../setup/step.ts";
import type { Cli, StackConfig } from "./cli.ts";
import type { StackFiles } from "./state.ts";
import { latest } from "./state.ts";

/** Throws where `portico:removed` names what the state still protects: the update would refuse it too, after minutes and a refresh. */
export async function checkRemoved(config: StackConfig, files: StackFiles): Promise<void> {
  const removed = z.array(z.string()).safeParse(config["portico:removed"]?.objectValue);
  const resources = (await latest(files))?.resources ?? [];
  const held = Object.keys(stillProtected(removed.data ?? [], resources));
  if (held.length > 0)
    throw new SetupError(
      `portico:removed names ${held.join(", ")}, but what holds the data there is still protected. Nothing has been touched. To delete it with its data: npm run pulumi -- state unprotect --all --yes -s local`,
    );
}

const INVENTORY = "portico:index:Inventory";

/**
 * Puts the protection back that the program gives to what can't be had again. It is off from a person's `state unprotect --all`, which a
 * removal needs, until the next `up` that succeeds.
 */
export async function protectAgain(cli: Cli, files: StackFiles): Promise<void> {
  const resources = (await latest(files))?.resources ?? [];
  const bare = resources.filter(
    ({ type, urn, protect }) =>
      !protect && (type === INVENTORY || (kindOf({ type, urn, name: nameOf(urn) }) ?? "") in HOLDS),
  );
  if (bare.length > 0) await cli("state", "protect", ...bare.map(({ urn }) => urn), "--yes");
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";
