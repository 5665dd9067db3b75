import type { Preview, Step } from "./preview.ts";

/**
 * Whose a resource is. This file alone knows how that is told:
 *
 * - a deployment is the nearest ancestor whose type ends with `:Deployment`; its name is the deployment's. Parents come from the states
 *   (`parent`); where an ancestor is not in the preview its URN still has its type and name, and `fromName` does the rest.
 * - a machine is named `<deployment>-<n>` (a node) or `<deployment>-portal-<n>`, and so is, with a suffix, all that it has.
 */
export interface Place {
  /** Undefined: the resource belongs to the whole stack. */
  readonly deployment: string | undefined;
  readonly machine: Machine | undefined;
}

export interface Machine {
  readonly kind: "node" | "portal";
  /** Such as `orders-1` or `orders-portal-2`. */
  readonly name: string;
}

export type PlaceOf = (step: Step) => Place;

export function placesIn({ steps }: Preview): PlaceOf {
  const parents = new Map(
    steps.map(({ urn, old, new: next }) => [urn, next?.parent ?? old?.parent]),
  );
  const places = new Map(
    steps.map((step) => {
      const deployment = deploymentOf(step.urn, parents);
      return [step.urn, { deployment, machine: machineOf(step.name, deployment) }];
    }),
  );
  return ({ urn }) => places.get(urn) ?? { deployment: undefined, machine: undefined };
}

function deploymentOf(
  urn: string,
  parents: ReadonlyMap<string, string | undefined>,
): string | undefined {
  const seen = new Set<string>();
  for (let at: string | undefined = urn; at !== undefined && !seen.has(at); at = parents.get(at)) {
    seen.add(at);
    const { types, name } = partsOf(at);
    if (isDeployment(types.at(-1))) return name;
    if (!types.some(isDeployment)) return undefined;
    if (!parents.has(at)) return fromName(types, name);
  }
  return undefined;
}

/** For an ancestor below a deployment that is not in the preview, such as a node's component that stays as it is. */
function fromName(types: readonly string[], name: string): string {
  const below = (kind: string) => types.some((type) => type.endsWith(`:${kind}`));
  const machine = below("Portal") ? /^(.+)-portal-\d+/ : below("Node") ? /^(.+)-\d+/ : undefined;
  return machine?.exec(name)?.[1] ?? name;
}

function machineOf(name: string, deployment: string | undefined): Machine | undefined {
  if (deployment === undefined || !name.startsWith(`${deployment}-`)) return undefined;
  const [, machine = "", portal] =
    /^((portal-)?\d+)(?:-[a-z][a-z0-9.-]*)?$/.exec(name.slice(deployment.length + 1)) ?? [];
  if (machine === "") return undefined;
  return { kind: portal === undefined ? "node" : "portal", name: `${deployment}-${machine}` };
}

function isDeployment(type: string | undefined): boolean {
  return type?.endsWith(":Deployment") ?? false;
}

function partsOf(urn: string): { readonly types: readonly string[]; readonly name: string } {
  const [, , types = "", ...name] = urn.split("::");
  return { types: types.split("$"), name: name.join("::") };
}
