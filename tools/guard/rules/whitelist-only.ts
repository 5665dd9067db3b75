import type { Content, DocumentChange } from "../document.ts";
import type { Rule } from "../facts.ts";
import { kindOf, title } from "../kind.ts";
import type { Step, Values } from "../preview.ts";

/** The stack shows its outputs as a change of its own. */
const STACK = "pulumi:pulumi:Stack";

/** Waits until the portals have applied a document; it holds nothing but the document's digest. */
const WAITS = "portico:index:InForce";

/** With `--whitelist-only`: documents change in their whitelist, ingress rules come and go, and nothing else happens. */
export const whitelistOnly: Rule = ({ changes, documents }) =>
  changes.flatMap((step) => {
    if (step.type === STACK || (step.type === WAITS && step.op === "update")) return [];
    if (kindOf(step) === "ingress rule") return [];
    const document = documents.find(({ step: { urn } }) => urn === step.urn);
    if (document === undefined || step.op !== "update")
      return [`${title(step)} would be ${past(step.op)}, which is no change of a whitelist.`];
    const besides = [...beside(document), ...otherInputs(step)];
    if (besides.length === 0) return [];
    return [
      `The document of ${document.deployment} would change in ${besides.join(", ")}, not in its whitelist alone.`,
    ];
  });

function beside({ before, after }: DocumentChange): readonly string[] {
  const [old, next] = [restOf(before), restOf(after)];
  if (old === undefined || next === undefined) return ["what can't be read yet"];
  return [...new Set([...old.keys(), ...next.keys()])].filter(
    (key) => old.get(key) !== next.get(key),
  );
}

function restOf(content: Content): ReadonlyMap<string, string> | undefined {
  return content.kind === "document" ? content.rest : undefined;
}

function otherInputs({ old, new: next }: Step): readonly string[] {
  const [a, b]: readonly Values[] = [old?.inputs ?? {}, next?.inputs ?? {}];
  return [...new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])].filter(
    (key) => key !== "content" && JSON.stringify(a?.[key]) !== JSON.stringify(b?.[key]),
  );
}

function past(op: Step["op"]): string {
  return op.endsWith("e") ? `${op}d` : op;
}
