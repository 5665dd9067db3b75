import { isDeepStrictEqual } from "node:util";

import type { Kind, State } from "./kind.ts";

export interface Change {
  readonly property: string;
  readonly kind: "add" | "delete" | "update";
  readonly replaces: boolean;
}

/** What differs between stored and wanted inputs, and whether the resource survives it. */
export function changes(
  kind: Kind,
  { before, after, state }: { before: State; after: State; state: State },
  now: Date,
): readonly Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .map((property) => ({
      property,
      kind: kindOf(before[property], after[property]),
      replaces: !kind.inPlace.includes(property),
    }));
  const expired = (kind.expired?.(state, now) ?? []).map((property) => ({
    property,
    kind: "update" as const,
    replaces: true,
  }));
  return [...changed, ...expired];
}

function kindOf(before: unknown, after: unknown): Change["kind"] {
  if (before === undefined) return "add";
  return after === undefined ? "delete" : "update";
}
