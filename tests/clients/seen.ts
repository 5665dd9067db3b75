import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Checked, Written } from "./run.ts";

const RESULTS = join(import.meta.dirname, "../../bench/results");

/** What one client saw of one fault. */
export interface Sight {
  readonly errors: number;
  /** Longest time without an acknowledged row, in seconds. */
  readonly gap: number;
  /** Kinds of errors, by their beginning. */
  readonly kinds: readonly string[];
}

/** From `began` on for `ms`. */
export function sightOf({ acks, errors }: Written, began: number, ms: number): Sight {
  const inside = (at: number) => at >= began && at <= began + ms;
  const times = [began, ...acks.filter(inside), began + ms].sort((a, b) => a - b);
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? at));
  const failed = errors.filter(([, at]) => inside(at));
  return {
    errors: failed.length,
    gap: Math.max(...gaps) / 1000,
    kinds: [...new Set(failed.map(([, , text]) => text.slice(0, 90)))].slice(0, 4),
  };
}

/** What a client said that was there when a hold ended. */
export interface Ended {
  readonly error: string;
  /** Seconds from its beginning, and from the end of the hold; below 0 it hasn't waited for that. */
  readonly after: number;
  readonly late: number;
}

export interface Row {
  readonly client: string;
  right?: Checked;
  wrong?: Checked;
  hold?: Checked;
  ended?: Ended;
  /** The same, without the time-outs that its form sets. */
  plain?: Ended;
  switchover?: Sight;
  kill?: Sight;
  lost?: number;
  twice?: number;
}

/** Prints what was seen as a table, and keeps it beside the figures of `npm run bench`. */
export async function print(engine: string, rows: readonly Row[]): Promise<void> {
  const end = (seen?: Ended) =>
    seen ? `${seen.error} (${seen.after.toFixed(1)} s, ${seen.late.toFixed(1)})` : "–";
  const sight = (seen?: Sight) => (seen ? `${seen.errors} / ${seen.gap.toFixed(1)}` : "–");
  const lines = rows.map(
    ({ client, right, wrong, hold, switchover, kill, lost, twice, ended, plain }) =>
      [
        client,
        right?.ok ? "yes" : `no: ${right?.error}`,
        wrong?.ok ? "TAKEN" : "refused",
        hold ? `${hold.ok ? "waits" : hold.error} ${(hold.ms / 1000).toFixed(1)}` : "–",
        ...[sight(switchover), sight(kill), lost ?? "–", twice ?? "–", end(ended), end(plain)],
      ].join(" | "),
  );
  const head =
    "client | as pasted | other CA | hold, s | switchover | kill | lost | twice | hold ended | with its own time-outs";
  console.log(
    [`\n${engine}: errors of three workers / longest gap in s`, head, ...lines].join("\n"),
  );
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, `clients-${engine}.json`), JSON.stringify(rows, undefined, 2));
}
