/** What a stack's state says of one resource. */
export interface Held {
  readonly urn: string;
  readonly parent?: string | undefined;
  readonly protect?: boolean | undefined;
}

/** Of a state's resources, those that are part of a deployment or of a portal. */
export function partsOf<Resource extends Held>(
  name: string,
  resources: readonly Resource[],
): readonly Resource[] {
  const parents = new Map(resources.map(({ urn, parent }) => [urn, parent]));
  const isPart = (urn: string | undefined): boolean =>
    urn !== undefined && (isOf(urn, name) || isPart(parents.get(urn)));
  return resources.filter(({ urn }) => isPart(urn));
}

/** Of the deployments and portals that are named, those that have something protected, with what that is: `Volume orders-1-data`. */
export function stillProtected(
  removed: readonly string[],
  resources: readonly Held[],
): Readonly<Record<string, readonly string[]>> {
  const held = removed.map((name) => {
    const parts = partsOf(name, resources).filter(({ protect }) => protect);
    return [name, [...new Set(parts.map(({ urn }) => title(urn)))]] as const;
  });
  return Object.fromEntries(held.filter(([, titles]) => titles.length > 0));
}

const isOf = (urn: string, name: string): boolean =>
  ["local:Deployment", "local:Portal", "aws:Deployment", "aws:Portal", "aws:PortalAddress"].some(
    (kind) => urn.endsWith(`portico:${kind}::${name}`),
  );

function title(urn: string): string {
  const [type, name] = urn.split("::").slice(-2);
  return `${type?.split(":").at(-1)} ${name}`;
}
