// Reads what `pulumi preview --json` prints: one step per resource, and the values in it that nobody knows yet.
import { z } from "zod";

/** What the guard needs of a preview, and nothing else of it. */
export interface Preview {
  /** In the engine's order; one per resource, where a replacement shows several operations on it. */
  readonly steps: readonly Step[];
  /** What the preview itself failed on. It is cut off then: what it shows is true, but it isn't all. */
  readonly errors: readonly string[];
  /** The stack's config, values as text; secrets are hidden by the CLI. */
  readonly config: Readonly<Record<string, string>>;
}

export interface Step {
  readonly op: Op;
  readonly urn: string;
  /** Such as `aws:ec2/instance:Instance`. */
  readonly type: string;
  readonly name: string;
  readonly old: State | undefined;
  readonly new: State | undefined;
  /** Properties that force a replacement. */
  readonly reasons: readonly string[];
  /** What the engine answers the program about it. Undefined: it is deleted. */
  readonly answer: Answer | undefined;
}

export interface State {
  /** False: a component, which is a name for what is below it. */
  readonly custom: boolean;
  readonly parent: string | undefined;
  readonly id: string | undefined;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** URN of the provider, without its id; empty for a component. */
  readonly provider: string;
  readonly inputs: Values;
  readonly outputs: Values;
  /** By input: the resources that it comes from. Known even where the value isn't yet. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
}

/** What the engine answers the program about a resource that it has registered. */
export interface Answer {
  /** Undefined: nobody can know it before the update. */
  readonly id: string | undefined;
  readonly outputs: Values;
}

export type Values = Readonly<Record<string, unknown>>;

export type Op = "same" | "create" | "update" | "replace" | "delete";

export type ReadPreview =
  | { readonly kind: "preview"; readonly preview: Preview }
  | { readonly kind: "unreadable"; readonly why: string };

/** The engine's operations; an operation that is not listed is one that we don't know, and stops the guard. */
const OPS: Readonly<Record<string, Op>> = {
  same: "same",
  refresh: "same",
  read: "same",
  discard: "same",
  "discard-replaced": "same",
  "read-replacement": "same",
  "remove-pending-replace": "same",
  create: "create",
  import: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  "import-replacement": "replace",
};

const Properties = z.record(z.string(), z.unknown()).nullish();

const RawState = z.object({
  custom: z.boolean().default(true),
  parent: z.string().optional(),
  id: z.string().optional(),
  protect: z.boolean().default(false),
  retainOnDelete: z.boolean().default(false),
  provider: z.string().default(""),
  inputs: Properties,
  outputs: Properties,
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
});

const RawStep = z.object({
  op: z
    .string()
    .refine((op) => Object.hasOwn(OPS, op), "is an operation that the guard doesn't know"),
  urn: z.string().regex(/^urn:pulumi:.*::.*::.*::/, "is not a URN"),
  oldState: RawState.nullish(),
  newState: RawState.nullish(),
  replaceReasons: z.array(z.string()).nullish(),
});

const Raw = z.object({
  steps: z.array(RawStep).optional(),
  diagnostics: z
    .array(z.object({ message: z.string().default(""), severity: z.string() }))
    .nullish(),
  config: z.record(z.string(), z.string()).nullish(),
});

/** Reads what `pulumi preview --json` printed. Never throws. */
export function parsePreview(text: string): ReadPreview {
  if (text.trim() === "") return unreadable("is empty: the preview ended before it said anything");
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return unreadable(`is not JSON, or cut off: ${(error as Error).message}`);
  }
  const read = Raw.safeParse(raw);
  if (!read.success) {
    const [first] = read.error.issues;
    return unreadable(`is no preview: ${first?.path.join(".") || "it"}: ${first?.message}`);
  }
  const { steps, diagnostics, config } = read.data;
  const errors = (diagnostics ?? [])
    .filter(({ severity }) => severity === "error")
    .map(({ message }) => message.replace(/^(?:error: )?/, "").trim());
  // Every stack has itself as a resource, so a whole preview has a step.
  if (!steps?.length && errors.length === 0) return unreadable("is no preview: it has no steps");
  return {
    kind: "preview",
    preview: { steps: oneEach((steps ?? []).map(stepOf)), errors, config: config ?? {} },
  };
}

function unreadable(why: string): ReadPreview {
  return { kind: "unreadable", why };
}

function stepOf({
  urn,
  oldState,
  newState,
  replaceReasons,
  ...step
}: z.infer<typeof RawStep>): Step {
  const [, , types = "", ...name] = urn.split("::");
  const op = OPS[step.op] ?? "same";
  const [old, next] = [oldState, newState].map((state) => (state ? stateOf(state) : undefined));
  return {
    op,
    urn,
    type: types.split("$").at(-1) ?? "",
    name: name.join("::"),
    // A refresh shows one side of what stays.
    old: op === "same" ? (old ?? next) : old,
    new: op === "same" ? (next ?? old) : next,
    reasons: replaceReasons ?? [],
    answer: answerTo(op, old, next),
  };
}

/** A preview shows outputs of what stays alone; what is made anew shows its inputs, and nothing else is known of it yet. */
function answerTo(op: Op, old: State | undefined, next: State | undefined): Answer | undefined {
  switch (op) {
    case "delete":
      return undefined;
    case "same":
      return { id: old?.id ?? next?.id, outputs: { ...next?.outputs, ...old?.outputs } };
    case "update":
      return { id: old?.id, outputs: { ...old?.outputs, ...next?.inputs } };
    default:
      return { id: undefined, outputs: { ...next?.inputs } };
  }
}

function stateOf({
  propertyDependencies,
  inputs,
  outputs,
  provider,
  ...rest
}: z.infer<typeof RawState>): State {
  const dependencies = Object.fromEntries(
    Object.entries(propertyDependencies ?? {}).map(([name, urns]) => [name, urns ?? []]),
  );
  return {
    ...rest,
    id: rest.id,
    parent: rest.parent,
    provider: withoutId(provider),
    inputs: inputs ?? {},
    outputs: outputs ?? {},
    dependencies,
  };
}

/** From the least to the most that can happen to a resource. */
const WEIGHT: readonly Op[] = ["same", "update", "create", "delete", "replace"];

/**
 * A refresh shows a resource before it shows what happens to it, a replacement may show its parts. The gravest operation
 * stands for all, with the first old state and the last new one.
 */
function oneEach(steps: readonly Step[]): readonly Step[] {
  const byUrn = new Map<string, Step>();
  for (const step of steps) {
    const seen = byUrn.get(step.urn);
    if (seen === undefined) byUrn.set(step.urn, step);
    else {
      const graver = WEIGHT.indexOf(step.op) >= WEIGHT.indexOf(seen.op) ? step : seen;
      byUrn.set(step.urn, {
        ...graver,
        old: seen.old ?? step.old,
        new: step.new ?? seen.new,
        reasons: [...new Set([...seen.reasons, ...step.reasons])],
      });
    }
  }
  return [...byUrn.values()];
}

/** What stands in a preview for a value that is known only after the update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** What the CLI prints for a secret. */
export const SECRET = "[secret]";

/** Whether the value is unknown. A text with an unknown part is unknown altogether. */
export function isUnknown(value: unknown): boolean {
  return value === UNKNOWN;
}

/** The value at the path, where every step down may be missing or unknown. A list of one counts as its element. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    if (isUnknown(found)) return found;
    if (Array.isArray(found)) found = found[0];
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[key];
  }
  return found;
}

/** For a sentence: what a property is, instead of what it must be. */
export function clauseOf(value: unknown): string {
  if (value === undefined || value === null) return "is missing";
  if (isUnknown(value)) return "isn't known before the update";
  return `is ${JSON.stringify(value)}`;
}

/** A reference to a provider is its URN and its id. */
export function withoutId(provider: string): string {
  return provider.split("::").slice(0, 4).join("::");
}
