import { z } from "zod";

import type { Rule } from "../facts.ts";
import type { State } from "../preview.ts";

/** A node's settings: `node.json` in the bucket, or in a folder on this machine. */
const NODE_SETTINGS = /-node\.json$/;
const Settings = z.looseObject({ durability: z.string() });

/** With `quorum` no acknowledged row is lost with a node. Who gives that up decides it apart from everything else. */
export const notWeakened: Rule = ({ changes, placeOf }) => {
  const weakened = changes
    .filter(({ name }) => NODE_SETTINGS.test(name))
    .filter(({ old, new: next }) => durability(old) === "quorum" && durability(next) === "async")
    .map((step) => placeOf(step).deployment ?? step.name);
  return [...new Set(weakened)].map(
    (deployment) =>
      `${deployment} would acknowledge what only its leader has (durability: async), so a lost node could lose acknowledged rows.`,
  );
};

function durability(state: State | undefined): string | undefined {
  try {
    return Settings.parse(JSON.parse(String(state?.inputs.content))).durability;
  } catch {
    return undefined;
  }
}
