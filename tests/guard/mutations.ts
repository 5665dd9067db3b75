// One change at a time in a parsed preview: every property of every resource, and what a resource is besides.
import type { Preview, State, Step } from "../../tools/guard/preview.ts";

export interface Mutation {
  /** Type of the resource, and what is done to which property: by these a pass is argued. */
  readonly type: string;
  readonly what: string;
  readonly preview: Preview;
}

/** In a fixed order. What only stays is changed as an update would. */
export function* mutationsOf(preview: Preview): Generator<Mutation> {
  for (const [index, step] of preview.steps.entries())
    for (const [what, other] of changed(step))
      yield {
        type: step.type,
        what,
        preview: { ...preview, steps: preview.steps.with(index, other) },
      };
}

function* changed(step: Step): Generator<readonly [what: string, step: Step]> {
  const { new: state, op } = step;
  if (state === undefined) return;
  const put = (change: Partial<State>): Step => ({ ...step, new: { ...state, ...change } });
  for (const [key, value] of Object.entries(state.inputs)) {
    yield [`${key} changed`, put({ inputs: { ...state.inputs, [key]: another(value) } })];
    const { [key]: _, ...others } = state.inputs;
    yield [`${key} deleted`, put({ inputs: others })];
    if ((state.dependencies[key] ?? []).length > 0)
      yield [
        `${key} from elsewhere`,
        put({ dependencies: { ...state.dependencies, [key]: [step.urn] } }),
      ];
  }
  yield ["a property added", put({ inputs: { ...state.inputs, mutated: "mutated" } })];
  yield ["parent changed", put({ parent: `${state.parent}-2` })];
  if (state.provider !== "") yield ["provider changed", put({ provider: `${state.provider}-2` })];
  if (state.protect) yield ["unprotected", put({ protect: false })];
  if (state.retainOnDelete) yield ["not retained", put({ retainOnDelete: false })];
  yield ["deleted", { ...step, op: "delete", new: undefined, answer: undefined }];
  yield ["urn changed", { ...step, urn: `${step.urn}-2`, name: `${step.name}-2` }];
  if (op === "same") yield ["updated", { ...step, op: "update" }];
  yield ["replaced", { ...step, op: "replace" }];
}

function another(value: unknown): unknown {
  switch (typeof value) {
    case "boolean":
      return !value;
    case "number":
      return value + 1;
    case "string":
      return `${value}-mutated`;
    default:
      return Array.isArray(value)
        ? [...value, "mutated"]
        : { ...Object(value), mutated: "mutated" };
  }
}
