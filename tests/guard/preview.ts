import { judge } from "../../tools/guard/judge.ts";
import { parsePreview } from "../../tools/guard/preview.ts";

/** One step as the CLI prints it. */
export interface RawStep {
  readonly op: string;
  readonly urn: string;
  readonly oldState?: object;
  readonly newState?: object;
  readonly replaceReasons?: readonly string[];
}

interface Shape {
  /** Inputs before and after; an operation that has no such side has no such state. */
  readonly old?: object;
  readonly new?: object;
  readonly protect?: boolean;
  readonly parent?: string;
  readonly outputs?: object;
  /** By input: the resources that it comes from. */
  readonly from?: Readonly<Record<string, RawStep>>;
  readonly reasons?: readonly string[];
}

const DEPLOYMENT = "portico:aws:Deployment";

/** A resource of the deployment `orders`, below the component `below`. */
export function resource(
  op: string,
  type: string,
  name: string,
  { old, new: next, reasons, from = {}, ...rest }: Shape = {},
  below = DEPLOYMENT,
): RawStep {
  const parent = rest.parent ?? urnOf(DEPLOYMENT, "orders");
  const dependencies = Object.fromEntries(
    Object.entries(from).map(([input, { urn }]) => [input, [urn]]),
  );
  const state = (inputs: object) => ({
    ...{ urn: urnOf(`${below}$${type}`, name), type, custom: true, parent, inputs },
    ...(rest.protect ? { protect: true } : {}),
    ...(rest.outputs ? { outputs: rest.outputs } : {}),
    propertyDependencies: dependencies,
  });
  return {
    op,
    urn: urnOf(`${below}$${type}`, name),
    ...(op === "create" ? {} : { oldState: state(old ?? next ?? {}) }),
    ...(op === "delete" ? {} : { newState: state(next ?? old ?? {}) }),
    ...(reasons ? { replaceReasons: reasons } : {}),
  };
}

export function urnOf(types: string, name: string): string {
  return `urn:pulumi:production::portico::${types}::${name}`;
}

export function document(whitelist: object, rest: object = {}): { content: string; key: string } {
  const content = { contract: 1, nodes: {}, open: false, ...rest, whitelist };
  return { content: JSON.stringify(content), key: "orders/document.json" };
}

/** What the guard says of these steps. */
export function refusals(
  steps: readonly RawStep[],
  { whitelistOnly = false, config = {} }: { whitelistOnly?: boolean; config?: object } = {},
): readonly string[] {
  const read = parsePreview(JSON.stringify({ config, steps }));
  if (read.kind !== "preview") throw new Error(read.why);
  const verdict = judge(read.preview, { whitelistOnly });
  if (verdict.kind === "unknown") throw new Error(verdict.why);
  return verdict.kind === "refused" ? verdict.refusals : [];
}
