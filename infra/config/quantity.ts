import { z } from "zod";

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
