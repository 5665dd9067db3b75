import type { Verdict } from "../judge.ts";
import { countsLine, plain, whitelistLine } from "./lines.ts";

/** The summary for a terminal. */
export function text(verdict: Verdict): string {
  if (verdict.kind === "unknown") return `Can't be judged: ${plain(verdict.why)}`;
  const { whitelist, counts, renewals, warnings } = verdict.summary;
  const refused =
    verdict.kind === "refused"
      ? [
          ...(verdict.errors.length > 0
            ? [`The preview failed, so this isn't all: ${verdict.errors.map(plain).join("; ")}`]
            : []),
          "Refused:",
          ...verdict.refusals.map((sentence) => `  ✗ ${plain(sentence)}`),
        ]
      : ["Nothing is refused."];
  return [
    ...whitelist.map(whitelistLine),
    ...(counts.length === 0 ? ["No resource changes."] : counts.map(countsLine)),
    ...(renewals.length === 0 ? [] : [`Certificates to be renewed: ${renewals.join(", ")}`]),
    ...warnings.map((sentence) => `  ! ${plain(sentence)}`),
    ...refused,
  ].join("\n");
}
