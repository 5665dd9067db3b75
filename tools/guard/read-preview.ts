import { z } from "zod";

import { oneEach } from "./one-each.ts";
import type { Answer, Op, Preview, State, Step } from "./preview.ts";
import { withoutId } from "./value.ts";

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

/** A preview shows outputs of what stays alone; what is made anew tells its inputs, and nothing else is known of it yet. */
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
