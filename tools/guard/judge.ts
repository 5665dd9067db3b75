import { askedFor, noInlineRules, notEmptied, notOpened, whitelistOnly } from "./admission.ts";
import { asAsked } from "./as-asked.ts";
import {
  bucketsClosed,
  encrypted,
  metadataGuarded,
  noPublicAddress,
  noWayOut,
  secretsMarked,
} from "./exposure.ts";
import type { Facts, Rule } from "./facts.ts";
import { factsOf, kindOf } from "./facts.ts";
import { kept, nothingLost, notWeakened, oneNodeAtATime, oneTwinAtATime } from "./losses.ts";
import type { Preview } from "./preview.ts";
import type { Asked } from "./program.ts";
import type { Counts, WhitelistChange } from "./summary.ts";
import { countsIn, reachesNobody, tooWide, whitelistChanges } from "./summary.ts";

/** What an update does, then what must hold for everything in the preview. */
const RULES: readonly Rule[] = [
  ...[nothingLost, oneNodeAtATime, oneTwinAtATime, notOpened],
  ...[notEmptied, notWeakened, kept],
  ...[askedFor, noInlineRules, encrypted, metadataGuarded],
  ...[noPublicAddress, noWayOut, bucketsClosed, secretsMarked],
];

export interface Summary {
  readonly whitelist: readonly WhitelistChange[];
  readonly counts: readonly Counts[];
  /** Names of certificates that get a successor. */
  readonly renewals: readonly string[];
  /** What is allowed, and most likely not meant. */
  readonly warnings: readonly string[];
}

export type Verdict =
  | { readonly kind: "fine"; readonly summary: Summary }
  | {
      readonly kind: "refused";
      readonly summary: Summary;
      readonly refusals: readonly string[];
      /** The preview failed after what it shows. */
      readonly errors: readonly string[];
    }
  | { readonly kind: "unknown"; readonly why: string };

export interface Options {
  readonly whitelistOnly: boolean;
  /** What this program makes of the preview's config. Undefined: that isn't looked at. */
  readonly asked?: Asked | undefined;
}

export function judge(preview: Preview, { whitelistOnly: only, asked }: Options): Verdict {
  const facts = factsOf(preview);
  const rules = only ? [whitelistOnly, ...RULES] : RULES;
  const refusals = [
    ...rules.flatMap((rule) => rule(facts)),
    ...(asked?.kind === "asked" ? asAsked(facts, asked) : []),
  ];
  const { errors } = preview;
  if (refusals.length > 0) return { kind: "refused", summary: summaryOf(facts), refusals, errors };
  // What it shows is fine, but it isn't all of it.
  if (errors.length > 0)
    return { kind: "unknown", why: `the preview failed: ${errors.join("; ")}` };
  if (asked?.kind === "unknown") return asked;
  return { kind: "fine", summary: summaryOf(facts) };
}

function summaryOf(facts: Facts): Summary {
  return {
    whitelist: whitelistChanges(facts.documents),
    counts: countsIn(facts),
    renewals: facts.changes
      .filter((step) => kindOf(step) === "certificate" && ["replace", "update"].includes(step.op))
      .map(({ name }) => name)
      .sort(),
    warnings: [...tooWide(facts), ...reachesNobody(facts)],
  };
}
