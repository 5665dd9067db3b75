// The verdict as text, for a terminal and for a comment on a pull request.
import type { Entry } from "./facts.ts";
import type { Verdict } from "./judge.ts";
import type { Op } from "./preview.ts";
import type { Counts, WhitelistChange } from "./summary.ts";

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

/** GitHub takes 65,536 characters per comment, and nobody reads more lines than these. */
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

/** Sentences of both forms. Notes are written by anybody who may open a pull request, so nothing in them may steer a terminal. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, " ");
}

/** `+ 203.0.113.0/24 Berlin office → orders` */
function whitelistLine({ sign, cidr, entry, was, deployment }: WhitelistChange): string {
  const now = entry === undefined ? [] : describe(entry);
  const before = was === undefined ? [] : [`(was: ${describe(was).join(" ") || "no note"})`];
  return plain([sign, cidr, ...now, ...before, "→", deployment].join(" "));
}

function describe({ note, until }: Entry): readonly string[] {
  return [...(note === "" ? [] : [note]), ...(until === undefined ? [] : [`until ${until}`])];
}

const OPERATIONS: readonly (readonly [Op, string])[] = [
  ["create", "to create"],
  ["update", "to change"],
  ["replace", "to replace"],
  ["delete", "to delete"],
];

/** `orders: 1 to change, 2 to replace` */
function countsLine({ deployment = "the stack", operations }: Counts): string {
  const parts = OPERATIONS.flatMap(([op, label]) =>
    operations[op] ? [`${operations[op]} ${label}`] : [],
  );
  return `${deployment}: ${parts.join(", ")}`;
}
