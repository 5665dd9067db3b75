import { canonicalCidr } from "../../../proxy-image/src/cidr.ts";
import type { Content } from "../document.ts";
import type { Facts, Rule } from "../facts.ts";
import { kindOf, title } from "../kind.ts";
import type { Step } from "../preview.ts";
import { told } from "../value.ts";

/** What a security group takes of one family by default; past it HAProxy alone decides (`enforcement: proxy`). */
const RULES_BY_DEFAULT = 60;

/** An ingress rule lets in a source of its deployment's whitelist, or another security group, and nobody else. */
export const askedFor: Rule = (facts) =>
  facts.preview.steps.flatMap((step) => {
    if (kindOf(step) !== "ingress rule" || step.op === "delete" || step.new === undefined)
      return [];
    const { cidrIpv4, cidrIpv6, prefixListId } = step.new.inputs;
    const given = [cidrIpv4, cidrIpv6].filter((cidr) => cidr !== undefined && cidr !== null);
    return [
      ...(prefixListId === undefined || prefixListId === null
        ? []
        : [`${title(step)} lets in a prefix list, whose addresses no preview shows.`]),
      ...given.flatMap((cidr) => mistake(facts, step, cidr)),
    ];
  });

function mistake({ documents, placeOf }: Facts, step: Step, cidr: unknown): readonly string[] {
  const canonical = typeof cidr === "string" ? canonicalCidr(cidr) : undefined;
  if (canonical === undefined)
    return [`The source of ${title(step)} ${told(cidr)}, so nobody can tell whom it lets in.`];
  const { deployment } = placeOf(step);
  const document = documents.find((one) => one.deployment === deployment);
  if (document === undefined)
    return [
      `${title(step)} lets in ${canonical}, and the document of ${deployment ?? "its deployment"} is not in the preview; make it with --show-sames.`,
    ];
  if (document.after.kind === "document" && asks(document.after, canonical)) return [];
  return [`${title(step)} lets in ${canonical}, which is not on the whitelist of ${deployment}.`];
}

function asks(document: Content & { kind: "document" }, cidr: string): boolean {
  if (document.whitelist.has(cidr)) return true;
  if (cidr !== "0.0.0.0/0" && cidr !== "::/0") return false;
  const family = cidr.includes(":");
  const entries = [...document.whitelist.keys()].filter((key) => key.includes(":") === family);
  return document.open || entries.length > RULES_BY_DEFAULT;
}
