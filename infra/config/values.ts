// How single values of the config are read: text, names, sizes, durations, choices and keys. Each mistake comes with what would be right.
import { closestMatch } from "leven";
import { z } from "zod";

/** Takes one mistake: where in the config it is, what is wrong and what would be right. */
export type Report = (path: readonly PropertyKey[], message: string) => void;

/** The report of a part: its paths begin below `prefix`. */
export function below(prefix: readonly PropertyKey[], report: Report): Report {
  return (path, message) => report([...prefix, ...path], message);
}

/** A path as `pulumi config set --path` takes it: `deployments.orders.whitelist["203.0.113.0/24"]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => {
      if (!/^[A-Za-z_][\w-]*$/.test(String(key))) return `[${JSON.stringify(key)}]`;
      return index === 0 ? String(key) : `.${String(key)}`;
    })
    .join("");
}

/** An object in which an unknown key is rejected, with the key that was probably meant. */
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

/** A map whose keys a person chose, entry by entry: zod's record drops `__proto__`, and says nothing of it. */
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

/** One of a few choices. `aliases` are other names for them: they are refused, with the right one. */
export function oneOf<Choice extends string>(
  choices: readonly Choice[],
  aliases: Readonly<Record<string, Choice>> = {},
): z.ZodEnum<{ [W in Choice]: W }> {
  return z.enum(choices, {
    error: ({ input }) => {
      if (input === undefined) return `is missing: must be ${choices.join(" or ")}`;
      const meant = typeof input === "string" ? meaning(input, choices, aliases) : undefined;
      const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
      return `must be ${choices.join(" or ")}, not ${JSON.stringify(input)}${hint}`;
    },
  });
}

function meaning<Choice extends string>(
  input: string,
  choices: readonly Choice[],
  aliases: Readonly<Record<string, Choice>>,
): string | undefined {
  if (Object.hasOwn(aliases, input)) return aliases[input];
  const alias = nearest(input, Object.keys(aliases));
  return nearest(input, choices) ?? (alias === undefined ? undefined : aliases[alias]);
}

/**
 * Text, whose mistake is `rule`. Pulumi makes another value of text that YAML takes for something else (017 is 15, 17.10 is 17.1, ~ is
 * nothing, a date is a time): what doesn't come as text is refused with the advice to use quotes, since nobody can tell what was written.
 */
export function text(rule: string): z.ZodString {
  return z.string({
    error: ({ input }) =>
      input === undefined || (typeof input === "object" && input !== null)
        ? rule
        : `${rule}; it came as ${JSON.stringify(input)}, so ${QUOTES}`,
  });
}

/** For a value that is written into the file by hand, and for one that is set by the CLI. */
export const QUOTES = "write it in quotes (config set: --type string)";

/** Names of deployments and of the things that are named after them. */
export const NAME = /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])$/;
export const NAME_RULE =
  "must be 2 to 30 lower-case letters, digits and dashes, begin with a letter and not end with a dash";

/** A key of a map that YAML may have taken for a number or a truth value, and Pulumi written as another name: 010 is 8, True is true. */
export function isAmbiguous(name: string): boolean {
  return /^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(name) || ["true", "false"].includes(name);
}

const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600 } as const;
const BYTES = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

/** A length of time such as "30s", in seconds. Both bounds are allowed values. */
export function duration(least: string, most: string, ifLeftOut: string) {
  return quantity(SECONDS, "a duration", { least, most, ifLeftOut });
}

/** An amount of bytes such as "16MiB". Both bounds are allowed values. */
export function size(least: string, most: string, ifLeftOut: string) {
  return quantity(BYTES, "a size", { least, most, ifLeftOut });
}

interface Bounds {
  readonly least: string;
  readonly most: string;
  readonly ifLeftOut: string;
}

function quantity(
  units: Readonly<Record<string, number>>,
  what: string,
  { least, most, ifLeftOut }: Bounds,
) {
  const pattern = new RegExp(`^(\\d+(?:\\.\\d+)?)(${Object.keys(units).join("|")})$`);
  const read = (input: unknown): number | undefined => {
    const [, amount, unit = ""] = typeof input === "string" ? (pattern.exec(input) ?? []) : [];
    return amount === undefined ? undefined : Number(amount) * (units[unit] ?? Number.NaN);
  };
  const [low = 0, high = 0] = [read(least), read(most)];
  return z
    .unknown()
    .optional()
    .transform((input, context) => {
      const value = read(input === undefined ? ifLeftOut : input);
      if (value !== undefined && value >= low && value <= high) return value;
      context.addIssue(
        `must be ${what} from "${least}" to "${most}", such as "${ifLeftOut}", not ${JSON.stringify(input)}`,
      );
      return z.NEVER;
    });
}

/** The name that a misspelt one most likely meant, or undefined when none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const lower = known.map((one) => one.toLowerCase());
  const maxDistance = Math.max(2, Math.floor(name.length / 3));
  const match = closestMatch(name.toLowerCase(), lower, { maxDistance });
  return match === undefined ? undefined : known[lower.indexOf(match)];
}
