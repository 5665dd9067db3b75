import { type Figures, figuresOf, type Spread, spreadOf } from "./figures.ts";
import type { Measured } from "./measure.ts";
import type { Event, EventKind, Failure } from "./seen.ts";

const KINDS: readonly EventKind[] = ["switchover", "kill"];

export interface KindReport {
  readonly kind: EventKind;
  readonly events: number;
  /**
   * From the old leader's last breath to the first row that the new one acknowledged to the probe, straight: no proxy has a
   * part in it.
   */
  readonly gap: Spread | null;
  /** The last part of it: from the end of recovery. With quorum commit, a row waits for a standby to come back. */
  readonly commit: Spread | null;
  readonly contenders: readonly { readonly title: string; readonly figures: Figures }[];
}

/** What is kept of a measurement. */
export interface Report extends Pick<Measured, "load" | "versions" | "cutShort"> {
  readonly kinds: readonly KindReport[];
  readonly events: readonly (Omit<Event, "seen"> & {
    readonly contenders: Readonly<
      Record<string, { readonly figures: Figures; readonly failures: readonly Failure[] }>
    >;
  })[];
}

export function reportOf({ contenders, events, rows, ...measured }: Measured): Report {
  const figures = (key: string, of: readonly Event[]) => figuresOf(key, of, rows[key] ?? new Set());
  return {
    load: measured.load,
    versions: measured.versions,
    cutShort: measured.cutShort,
    kinds: KINDS.flatMap((kind) => {
      const of = events.filter((event) => event.kind === kind);
      if (of.length === 0) return [];
      return {
        kind,
        events: of.length,
        gap: spreadOf(of.flatMap((event) => gapOf(event) ?? [])),
        commit: spreadOf(of.map(({ promoted, accepts }) => accepts - promoted)),
        contenders: contenders.map(({ key, title }) => ({ title, figures: figures(key, of) })),
      };
    }),
    events: events.map(({ seen, ...event }) => ({
      ...event,
      contenders: Object.fromEntries(
        contenders.map(({ key }) => [
          key,
          { figures: figures(key, [{ ...event, seen }]), failures: seen[key]?.failures ?? [] },
        ]),
      ),
    })),
  };
}

/** One line on one event, while there are more to come. */
export function describe({ number, kind, seen, ...event }: Event): string {
  const gap = gapOf(event);
  const firsts = Object.keys(seen).map((key) => {
    const { firstWrite } = figuresOf(key, [{ ...event, number, kind, seen }], new Set());
    return `${key} ${firstWrite === null ? "never" : `+${firstWrite.max.toFixed(0)}`}`;
  });
  return `${number} ${kind}: writes after ${gap?.toFixed(0) ?? "?"} ms; ${firsts.join(", ")} ms`;
}

function gapOf({ gone, accepts }: Pick<Event, "gone" | "accepts">): number | undefined {
  return gone === null ? undefined : accepts - gone;
}
