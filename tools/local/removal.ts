import { z } from "zod";

import { stillProtected } from "../../infra/model/removed.ts";
import { SetupError } from "../setup/setup-error.ts";
import type { StackConfig } from "./config.ts";
import { latest, type StackFiles } from "./state.ts";

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
