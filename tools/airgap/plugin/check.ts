import type { z } from "zod";

import type { State } from "./kind.ts";
import { hasUnknown } from "./properties.ts";

export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** Everything that is wrong with `inputs`. What a preview can't know yet is taken to be right. */
export function mistakes(schema: z.ZodType, inputs: State): readonly Failure[] {
  const result = schema.safeParse(inputs);
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        property: [...path, key].join("."),
        reason: "this stand-in for the real plugin does not understand the property",
      }));
    }
    if (hasUnknown(at(inputs, path))) return [];
    return [{ property: path.join("."), reason: issue.message }];
  });
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : inner),
    value,
  );
}
