// The rule that a preview shows what this program makes of the same config, and how the two are compared.
import { isDeepStrictEqual } from "node:util";

import { showsSecret } from "./exposure.ts";
import type { Facts } from "./facts.ts";
import { title } from "./facts.ts";
import type { Where } from "./filled-in.ts";
import { isFilledIn } from "./filled-in.ts";
import type { State, Step, Values } from "./preview.ts";
import { isUnknown, SECRET } from "./preview.ts";
import type { Asked, Registered } from "./program.ts";
import { isSecret } from "./program.ts";

type Program = Extract<Asked, { readonly kind: "asked" }>;

const STACK = "pulumi:pulumi:Stack";
const AWS = "pulumi:providers:aws";
const LONGEST_VALUE = 80;
const MOST_SENTENCES = 40;

/**
 * What the preview shows is what this program makes of the config, and nothing else: every resource, every property, every protection. A
 * program that was changed shows other things than this one, and somebody is to look.
 */
export function asAsked(facts: Facts, program: Program): readonly string[] {
  if (!isWhole(facts) && program.stack.target === "aws")
    return [
      "The preview lacks the resources that stay the same, without which it can't be judged; make it with --show-sames.",
    ];
  const sentences = [
    ...facts.preview.steps.flatMap((step) => judged(step, facts, program)),
    ...missing(facts, program),
  ];
  const more = sentences.length - MOST_SENTENCES;
  return more > 0
    ? [...sentences.slice(0, MOST_SENTENCES), `${more} more differ from what the config asks for.`]
    : sentences;
}

function judged(step: Step, facts: Facts, program: Program): readonly string[] {
  const asked = program.resources.get(step.urn);
  if (step.op === "delete")
    return asked === undefined
      ? []
      : [`${title(step)} would be deleted, and the config asks for it.`];
  if (step.type === STACK) return [];
  if (asked === undefined) return [`The config doesn't ask for ${title(step)} (${step.type}).`];
  if (step.new === undefined) return [`${title(step)} has no state in the preview.`];
  if (isLeftOut(step, step.new) && program.stack.target === "local") return [];
  const wrong = [
    ...aboutInputs(step, step.new, asked, facts, program),
    ...aboutItself(step.new, asked),
  ];
  return wrong.length === 0
    ? []
    : [`${title(step)} isn't what the config asks for: ${wrong.join("; ")}.`];
}

function aboutInputs(
  step: Step,
  state: State,
  asked: Registered,
  facts: Facts,
  { resources }: Program,
): readonly string[] {
  const provider = [...resources.values()].find(({ type }) => type === AWS)?.inputs ?? {};
  const where = {
    ...{ type: step.type, name: step.name, region: provider.region },
    tags: tagsIn(provider.defaultTags),
  };
  const sources = (input: string) => ({
    asked: [...(asked.dependencies[input] ?? [])].sort(),
    shown: [...(state.dependencies[input] ?? [])].sort(),
  });
  const changing = new Set(facts.changes.map(({ urn }) => urn));
  const found = differences(asked.inputs, state.inputs, {
    ...where,
    mayBeUnknown: (input) => sources(input).asked.some((urn) => changing.has(urn)),
    hides: !isWhole(facts),
  });
  const elsewhere = Object.keys(asked.inputs).filter((input) => {
    const from = sources(input);
    return !isDeepStrictEqual(from.asked, from.shown);
  });
  return [
    ...found.map(sentence),
    ...elsewhere.map((input) => `${input} comes from another resource`),
  ];
}

function aboutItself(state: State, asked: Registered): readonly string[] {
  return [
    ...(state.custom === asked.custom ? [] : ["it is of another kind"]),
    ...(state.parent === asked.parent ? [] : ["it belongs to another component"]),
    ...(state.provider === asked.provider ? [] : ["another provider would make it"]),
    ...(state.protect || !asked.protect ? [] : ["it isn't protected"]),
    ...(state.retainOnDelete || !asked.retainOnDelete
      ? []
      : ["it would not be kept when it leaves the stack"]),
  ];
}

/** The engine shows what a partial update leaves out as unchanged and without any input. As in `missing`: on this machine that is fine. */
function isLeftOut({ op }: Step, { inputs }: State): boolean {
  return op === "same" && Object.keys(inputs).length === 0;
}

/** Without `--show-sames` a preview shows no resource that stays as it is, except the stack. */
function isWhole({ preview: { steps } }: Facts): boolean {
  return steps.some(({ op, type }) => (op === "same") !== (type === STACK));
}

function missing({ preview: { steps, errors } }: Facts, program: Program): readonly string[] {
  // On this machine a stack may be brought up in parts; nothing of it can be reached from elsewhere.
  if (program.stack.target === "local" || errors.length > 0) return [];
  const shown = new Set(steps.map(({ urn }) => urn));
  return [...program.resources.values()]
    .filter(({ urn }) => !shown.has(urn))
    .map(({ type, urn }) => {
      const name = urn.split("::").slice(3).join("::");
      return `${type.split(":").at(-1)} ${name} isn't in the preview, and the config asks for it.`;
    });
}

function sentence({ path, asked, shown }: Difference): string {
  if (shown === undefined || shown === null) return `${path} is missing`;
  const text = JSON.stringify(shown);
  if (text.length > LONGEST_VALUE || showsSecret(shown, path)) return `${path} is another one`;
  return asked === undefined ? `${path} is ${text}, and nobody asked for it` : `${path} is ${text}`;
}

/** Pulumi hands a provider everything but strings as JSON in a string. */
function tagsIn(defaultTags: unknown): Values {
  return typeof defaultTags === "string" ? Object(JSON.parse(defaultTags)).tags : {};
}

export interface Difference {
  /** Such as `metadataOptions.httpTokens`. */
  readonly path: string;
  readonly asked: unknown;
  readonly shown: unknown;
}

export interface Comparison extends Where {
  /** Whether a value may still be unknown although this program knows it: what the input comes from is about to change. */
  mayBeUnknown(input: string): boolean;
  /** Whether this program may not know a value that is known: the preview hides where it comes from. */
  readonly hides: boolean;
}

/** In what a preview's inputs differ from those that the program gives. */
function differences(asked: Values, shown: Values, comparison: Comparison): readonly Difference[] {
  return inObject(asked, shown, [], comparison);
}

function inObject(
  asked: Values,
  shown: Values,
  path: readonly string[],
  comparison: Comparison,
): readonly Difference[] {
  const keys = [...new Set([...Object.keys(asked), ...Object.keys(shown)])];
  return keys.flatMap((key) => {
    const at = [...path, key];
    if (isMissing(asked[key]))
      return isMissing(shown[key]) || isFilledIn(key, shown, comparison)
        ? []
        : [{ path: at.join("."), asked: undefined, shown: shown[key] }];
    return inValue(asked[key], shown[key], at, comparison);
  });
}

function inValue(
  asked: unknown,
  shown: unknown,
  path: readonly string[],
  comparison: Comparison,
): readonly Difference[] {
  const different = [{ path: path.join("."), asked, shown }];
  if (isSecret(asked) || isUnknown(asked) || isUnknown(shown))
    return mayDiffer(asked, shown, path[0] ?? "", comparison) ? [] : different;
  if (Array.isArray(asked)) {
    if (!Array.isArray(shown) || shown.length !== asked.length) return different;
    return asked.flatMap((one, index) =>
      inValue(one, shown[index], [...path, `${index}`], comparison),
    );
  }
  if (isObject(asked))
    return isObject(shown) ? inObject(asked, shown, path, comparison) : different;
  return asked === shown ? [] : different;
}

/** For values that are unknown to both sides or to one. What is unknown to this program may be a secret that the preview hides. */
function mayDiffer(
  asked: unknown,
  shown: unknown,
  input: string,
  { hides, mayBeUnknown }: Comparison,
): boolean {
  if (isSecret(asked) || isUnknown(asked)) return shown === SECRET || isUnknown(shown) || hides;
  return mayBeUnknown(input);
}

function isMissing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
