import type { Facts } from "./facts.ts";
import type { State, Step } from "./preview.ts";

/** How the resources of a preview hang together: by what an input comes from, which is known before any id is. */
export interface Network {
  /** Everything that will be there, with its new state. */
  readonly shown: readonly Shown[];
  /** Instances and network interfaces of nodes, by URN. */
  readonly nodes: ReadonlySet<string>;
  /** Subnets that a node is in, by URN. */
  readonly nodeSubnets: ReadonlySet<string>;
  /** URNs of the resources that the input of a resource names. */
  sourcesOf(step: Shown, input: string): readonly string[];
}

export type Shown = Step & { readonly new: State };

export function networkOf({ preview, placeOf }: Facts): Network {
  const shown = preview.steps.filter(
    (step): step is Shown => step.op !== "delete" && step.new !== undefined,
  );
  const byId = new Map(shown.map(({ urn, new: { outputs } }) => [outputs.id, urn]));
  const sourcesOf = ({ new: { inputs, dependencies } }: Shown, input: string) => {
    const known = byId.get(inputs[input] ?? "");
    return [...(dependencies[input] ?? []), ...(known === undefined ? [] : [known])];
  };
  const parts = shown.filter(
    (step) =>
      ["aws:ec2/instance:Instance", "aws:ec2/networkInterface:NetworkInterface"].includes(
        step.type,
      ) && placeOf(step).machine?.kind === "node",
  );
  return {
    shown,
    nodes: new Set(parts.map(({ urn }) => urn)),
    nodeSubnets: new Set(parts.flatMap((step) => sourcesOf(step, "subnetId"))),
    sourcesOf,
  };
}
