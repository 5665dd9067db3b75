import type { Verdict } from "../judge.ts";
import { countsLine, plain, whitelistLine } from "./lines.ts";

/** GitHub takes 65,536 characters a comment; past these many lines nobody reads on. */
const MOST_LINES = 100;
const LONGEST_LINE = 250;

/** The summary as a comment on a pull request. */
export function markdown(verdict: Verdict): string {
  if (verdict.kind === "unknown")
    return `### ❓ Can't be judged\n\n${fenced("", [plain(verdict.why)])}`;
  const { whitelist, counts, renewals, warnings } = verdict.summary;
  const parts =
    verdict.kind === "refused"
      ? [
          "### ⛔ Refused",
          verdict.refusals
            .slice(0, MOST_LINES)
            .map((sentence) => `- ${escaped(sentence)}`)
            .join("\n"),
          ...more(verdict.refusals),
          ...(verdict.errors.length > 0
            ? ["The preview failed, so this isn't all:", fenced("", verdict.errors.map(plain))]
            : []),
        ]
      : ["### ✅ Nothing is refused"];
  return [
    ...parts,
    ...(warnings.length === 0
      ? []
      : [warnings.map((sentence) => `- ⚠️ ${escaped(sentence)}`).join("\n")]),
    ...(whitelist.length === 0
      ? []
      : [
          fenced(
            "diff",
            whitelist
              .slice(0, MOST_LINES)
              .map((change) => whitelistLine(change).slice(0, LONGEST_LINE)),
          ),
          ...more(whitelist),
        ]),
    counts.length === 0
      ? "No resource changes."
      : counts.map((line) => `- ${escaped(countsLine(line))}`).join("\n"),
    ...(renewals.length === 0
      ? []
      : [`Certificates to be renewed: ${renewals.map(escaped).join(", ")}`]),
  ].join("\n\n");
}

/** A fence is longer than any run of backticks in what it holds. */
function fenced(language: string, lines: readonly string[]): string {
  const runs = lines.flatMap((line) => line.match(/`+/g) ?? []).map(({ length }) => length);
  const fence = "`".repeat(Math.max(3, ...runs.map((length) => length + 1)));
  return [`${fence}${language}`, ...lines, fence].join("\n");
}

/** Nothing in a sentence is markup, a mention or a link. */
function escaped(text: string): string {
  return plain(text).replace(/[\\`*_[\]<>#|~!@&]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function more({ length }: readonly unknown[]): readonly string[] {
  return length > MOST_LINES ? [`… and ${length - MOST_LINES} more`] : [];
}
