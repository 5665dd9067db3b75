import type { Counts } from "./counts.ts";
import { countsIn } from "./counts.ts";
import type { Facts, Rule } from "./facts.ts";
import { factsOf } from "./facts.ts";
import { kindOf } from "./kind.ts";
import type { Preview } from "./preview.ts";
import type { Asked } from "./program/asked.ts";
import { asAsked } from "./rules/as-asked.ts";
import { askedFor } from "./rules/asked-for.ts";
import { notWeakened } from "./rules/durability.ts";
import { notEmptied } from "./rules/emptied.ts";
import { noInlineRules } from "./rules/inline-rules.ts";
import { encrypted, metadataGuarded } from "./rules/instances.ts";
import { kept } from "./rules/kept.ts";
import { nothingLost } from "./rules/lost.ts";
import { notOpened } from "./rules/opened.ts";
import { bucketsClosed } from "./rules/public-access.ts";
import { noPublicAddress } from "./rules/public-addresses.ts";
import { oneNodeAtATime, oneTwinAtATime } from "./rules/replacements.ts";
import { noWayOut } from "./rules/routes.ts";
import { secretsMarked } from "./rules/secrets.ts";
import { whitelistOnly } from "./rules/whitelist-only.ts";
import { reachesNobody, tooWide } from "./warnings.ts";
import type { WhitelistChange } from "./whitelist-changes.ts";
import { whitelistChanges } from "./whitelist-changes.ts";

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
