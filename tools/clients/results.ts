import type { Seen } from "./notes.ts";

interface Tried {
  readonly ok: boolean;
  readonly error: string;
}

interface Sight {
  readonly errors: number;
  /** Seconds. */
  readonly gap: number;
}

/** What a run of tests/clients keeps of one client, as far as it came. */
export interface Result {
  readonly client: string;
  readonly right?: Tried;
  readonly wrong?: Tried;
  readonly hold?: Tried;
  readonly switchover?: Sight;
  readonly kill?: Sight;
  /** Acknowledged rows that were not there in the end. */
  readonly lost?: number;
}

/** The same as docs/clients.md tells it. What a run didn't come to is told as not tried. */
export function asSeen(
  { right, wrong, hold, switchover, kill, lost }: Result,
  version: string,
): Seen {
  const pasted = right === undefined ? "not tried" : right.ok ? "yes" : `no: ${right.error}`;
  const stranger = wrong && (wrong.ok ? "TAKEN" : "refused");
  const sight = (seen?: Sight) => (seen ? `${seen.errors} / ${seen.gap.toFixed(1)}` : "–");
  return {
    version,
    pasted: stranger ? `${pasted}; ${stranger}` : pasted,
    switchover: sight(switchover),
    kill: `${sight(kill)}${lost ? `, ${lost} lost` : ""}`,
    hold: hold === undefined ? "–" : hold.ok ? "waits" : hold.error,
  };
}
