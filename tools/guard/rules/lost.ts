import type { Rule } from "../facts.ts";
import { kindOf, title } from "../kind.ts";
import type { Step } from "../preview.ts";

/** Why each of these can't be had again. */
export const HOLDS: Readonly<Record<string, string>> = {
  volume: "the data on it would be gone",
  "authority's key": "no client would trust the deployment's certificates any more",
  "password source": "every password would be another one",
  "KMS key": "nothing that it encrypted could be read again",
  bucket: "documents, secrets and images would be gone",
  address: "clients have it in their URIs, and certificates name it",
};

/** What holds data or identity is neither deleted nor replaced, protected or not. */
export const nothingLost: Rule = ({ changes }) =>
  changes.flatMap((step) => {
    if (step.op !== "delete" && step.op !== "replace") return [];
    const why = HOLDS[kindOf(step) ?? ""] ?? protection(step);
    return why === undefined ? [] : [`${title(step)} would be ${step.op}d: ${why}.`];
  });

function protection({ old }: Step): string | undefined {
  return old?.protect ? "it is protected" : undefined;
}
