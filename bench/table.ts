import { columns } from "./columns.ts";
import type { Figures, Spread } from "./figures.ts";
import type { KindReport, Report } from "./report.ts";
import type { EventKind } from "./seen.ts";

/** A table a kind of event, for people. */
export function tables({ kinds }: Pick<Report, "kinds">): string {
  return kinds.map((kind) => `\n${heading(kind)}\n\n${table(kind)}\n`).join("");
}

function heading({ kind, events, gap, commit }: KindReport): string {
  const what = kind === "kill" ? "kills of the leader's container" : "planned switchovers";
  const spread = (of: Spread | null) =>
    `${milliseconds(of, "p50")} ms, at most ${milliseconds(of, "max")} ms`;
  return `${events} ${what}
the cluster took no write for ${spread(gap)}; of that, after the promotion ${spread(commit)}`;
}

function table({ kind, contenders }: KindReport): string {
  const lines = [
    titles(kind),
    ...contenders.map(({ title, figures }) => [title, ...cells(kind, figures)]),
  ];
  return columns(lines);
}

function titles(kind: EventKind): string[] {
  return [
    "",
    ...["first write p50", "p99", "max ms", "all sessions p50", "max ms"],
    ...(kind === "kill" ? ["refused after 10 ms", "earlier"] : ["refused"]),
    ...["read-only", "on old leader", "hanging", "never back", "lost", "of rows"],
  ];
}

function cells(kind: EventKind, figures: Figures): string[] {
  const { firstWrite, everybody, refused, refusedEarlier, onOldLeader } = figures;
  return [
    ...(["p50", "p99", "max"] as const).map((rank) => milliseconds(firstWrite, rank)),
    ...(["p50", "max"] as const).map((rank) => milliseconds(everybody, rank)),
    ...(kind === "kill" ? [refused, refusedEarlier] : [refused]).map(String),
    String(figures.readOnly),
    onOldLeader === null ? "down" : String(onOldLeader),
    ...[figures.hanging, figures.neverBack, figures.lost, figures.acknowledged].map(String),
  ];
}

function milliseconds(spread: Spread | null, rank: keyof Spread): string {
  return spread === null ? "–" : spread[rank].toFixed(0);
}
