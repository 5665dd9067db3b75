import type { Verdict } from "./applied.ts";
import type { Props } from "./kind.ts";

export type Verdicts = readonly { readonly name: string; readonly verdict: Verdict }[];

/** Throws where a portal that lives doesn't follow. The engine then remembers what was written, and that it is not in force. */
export function failOn(verdicts: Verdicts, id: string, props: Props): void {
  const failures = verdicts.flatMap(failure);
  if (failures.length > 0) throw new InitError(id, props, failures);
}

function failure({ name, verdict }: Verdicts[number]): readonly string[] {
  if (verdict.kind === "refused")
    return [`${name} refused the document and keeps the last good one: ${verdict.why}`];
  if (verdict.kind === "late")
    return [`${name} runs, but did not apply the document in ${verdict.after / 1000} s`];
  return [];
}

/** The shape that Pulumi's provider server takes for "it is there, but not right". */
class InitError extends Error {
  readonly id: string;
  readonly properties: Props;
  readonly reasons: readonly string[];

  constructor(id: string, properties: Props, reasons: readonly string[]) {
    super(reasons.join("; "));
    this.id = id;
    this.properties = properties;
    this.reasons = reasons;
  }
}
