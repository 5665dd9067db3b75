// Rules on who is let in: whitelists, ingress rules, and whether anything else changes beside them.
import { z } from "zod";

import { breadthOf } from "../../infra/model/block.ts";
import { canonicalCidr } from "../../proxy-image/src/cidr.ts";
import type { Content, DocumentChange, Facts, Rule } from "./facts.ts";
import { cidrsIn, kindOf, title } from "./facts.ts";
import type { Preview, State, Step, Values } from "./preview.ts";
import { clauseOf } from "./preview.ts";

const EVERYBODY: readonly unknown[] = ["0.0.0.0/0", "::/0"];
/** Two lines of half an address family each are the same as one of all of it. */
const HALF = 0.5;

/** What lets in the whole internet, and didn't before, is a decision of its own. */
export const notOpened: Rule = ({ changes, documents }) => [
  ...documents.flatMap(({ deployment, before, after }) =>
    openings(after)
      .filter((opening) => !openings(before).includes(opening))
      .map(
        (opening) =>
          `${deployment} would be open to the whole internet by its document (${opening}), which it wasn't before.`,
      ),
  ),
  ...changes.flatMap((step) => {
    if (kindOf(step) !== "ingress rule" || step.op === "delete") return [];
    const had = sources(step.old);
    return sources(step.new)
      .filter((cidr) => EVERYBODY.includes(cidr) && !had.includes(cidr))
      .map((cidr) => `${title(step)} would open ${cidr}, which wasn't open before.`);
  }),
];

function openings(content: Content): readonly string[] {
  if (content.kind !== "document") return [];
  return [
    ...(content.open ? ["open: true"] : []),
    ...[...content.whitelist.keys()].filter((cidr) => EVERYBODY.includes(cidr)),
    ...halves(cidrsIn(content).filter((cidr) => !EVERYBODY.includes(cidr))),
  ];
}

function halves(cidrs: readonly string[]): readonly string[] {
  const { v4, v6 } = breadthOf(cidrs);
  return [
    ...(v4 >= HALF ? ["its entries together are half of IPv4 or more"] : []),
    ...(v6 >= HALF ? ["its entries together are half of IPv6 or more"] : []),
  ];
}

function sources(state: State | undefined): readonly unknown[] {
  return [state?.inputs.cidrIpv4, state?.inputs.cidrIpv6];
}

/** The last entry that goes takes every client with it: nobody can connect any more. */
export const notEmptied: Rule = ({ documents }) =>
  documents
    .filter(({ before, after }) => letsIn(before) && !letsIn(after))
    .map(
      ({ deployment }) =>
        `The whole whitelist of ${deployment} would be gone, so nobody could connect to it any more.`,
    );

/** What can't be read may let in somebody. */
function letsIn(content: Content): boolean {
  if (content.kind !== "document") return content.kind === "unreadable";
  return content.open || content.whitelist.size > 0;
}

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
  { preview, documents, ownerOf }: Facts,
  step: Step,
  cidr: unknown,
): readonly string[] {
  const canonical = typeof cidr === "string" ? canonicalCidr(cidr) : undefined;
  if (canonical === undefined)
    return [`The source of ${title(step)} ${clauseOf(cidr)}, so nobody can tell whom it lets in.`];
  const { deployment } = ownerOf(step);
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

/** Rules in two places fight each other, and an inline list hides what an edit opens. */
export const noInlineRules: Rule = ({ preview: { steps } }) =>
  steps.flatMap((step) => {
    if (step.op === "delete" || step.new === undefined) return [];
    if (step.type === "aws:ec2/securityGroupRule:SecurityGroupRule")
      return [
        `${title(step)} is of the old type of rule; each source is a SecurityGroupIngressRule.`,
      ];
    if (step.type !== "aws:ec2/securityGroup:SecurityGroup") return [];
    const { inputs } = step.new;
    return ["ingress", "egress"]
      .filter((side) => !isEmpty(inputs[side]))
      .map(
        (side) =>
          `${title(step)} has rules of its own (${side}); each rule is a resource, so that an edit shows.`,
      );
  });

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/** The little of the stack's config that explains an open ingress rule. Whatever can't be read explains nothing. */
const Deployments = z.record(z.string(), z.looseObject({ enforcement: z.string().optional() }));

/** Whether the config says that a deployment's whitelist is left to HAProxy alone. */
function leftToProxy({ config }: Preview, deployment: string | undefined): boolean {
  const deployments = Deployments.safeParse(read(config["portico:deployments"])).data ?? {};
  return deployments[deployment ?? ""]?.enforcement === "proxy";
}

function read(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
