import { z } from "zod";

import { nearest } from "./nearest.ts";

/** An object in which a key that nobody knows is a mistake, with the key that was probably meant. */
export function strict<Shape extends z.ZodRawShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== "unrecognized_keys")
        return `must be a map with the keys ${known.join(", ")}`;
      return issue.keys.map((key) => unknownKey(key, known)).join("; ");
    },
  });
}

/** A map whose keys a person chose, entry by entry: zod's record leaves out `__proto__`, which nobody would hear of. */
export function entries(rule: string) {
  return z
    .custom<object>((value) => isMap(value), rule)
    .transform((map): readonly (readonly [string, unknown])[] => Object.entries(map));
}

export function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return meant === undefined
    ? `unknown key "${key}"; the keys are ${known.join(", ")}`
    : `unknown key "${key}"; did you mean "${meant}"?`;
}

/** One word of a few. `aliases`: other names for them, which are not taken, but understood. */
export function oneOf<Word extends string>(
  words: readonly Word[],
  aliases: Readonly<Record<string, Word>> = {},
): z.ZodEnum<{ [W in Word]: W }> {
  return z.enum(words, {
    error: ({ input }) => {
      if (input === undefined) return `is missing: must be ${words.join(" or ")}`;
      const meant = typeof input === "string" ? meaning(input, words, aliases) : undefined;
      const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
      return `must be ${words.join(" or ")}, not ${JSON.stringify(input)}${hint}`;
    },
  });
}

function meaning<Word extends string>(
  input: string,
  words: readonly Word[],
  aliases: Readonly<Record<string, Word>>,
): string | undefined {
  if (Object.hasOwn(aliases, input)) return aliases[input];
  const alias = nearest(input, Object.keys(aliases));
  return nearest(input, words) ?? (alias === undefined ? undefined : aliases[alias]);
}
