import { canonicalCidr } from "../../../proxy-image/src/cidr.ts";
import type { Content } from "../document.ts";
import type { Facts, Rule } from "../facts.ts";
import { kindOf, title } from "../kind.ts";
import { leftToProxy } from "../left-to-proxy.ts";
import type { Preview, Step } from "../preview.ts";
import { told } from "../value.ts";

const EVERYBODY: readonly string[] = ["0.0.0.0/0", "::/0"];

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

function mistake(
  { preview, documents, placeOf }: Facts,
  step: Step,
  cidr: unknown,
): readonly string[] {
  const canonical = typeof cidr === "string" ? canonicalCidr(cidr) : undefined;
  if (canonical === undefined)
    return [`The source of ${title(step)} ${told(cidr)}, so nobody can tell whom it lets in.`];
  const { deployment } = placeOf(step);
  const document = documents.find((one) => one.deployment === deployment);
  if (document === undefined)
    return [
      `${title(step)} lets in ${canonical}, and the document of ${deployment ?? "its deployment"} is not in the preview; make it with --show-sames.`,
    ];
  const { after } = document;
  if (
    after.kind === "document" &&
    (lists(after, canonical) || opens(preview, deployment, after, canonical))
  )
    return [];
  return [`${title(step)} lets in ${canonical}, which is not on the whitelist of ${deployment}.`];
}

type Document = Content & { readonly kind: "document" };

function lists({ whitelist, open }: Document, cidr: string): boolean {
  return whitelist.has(cidr) || (open && EVERYBODY.includes(cidr));
}

/** The firewall is open where HAProxy alone decides, for that family only. */
function opens(
  preview: Preview,
  deployment: string | undefined,
  { whitelist }: Document,
  cidr: string,
): boolean {
  if (!EVERYBODY.includes(cidr)) return false;
  const isIpv6 = (block: string) => block.includes(":");
  const entries = [...whitelist.keys()].filter((block) => isIpv6(block) === isIpv6(cidr));
  return entries.length > 0 && leftToProxy(preview, deployment);
}
