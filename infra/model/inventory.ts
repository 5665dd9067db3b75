// What of a stack must not change once data or clients are there, and what its state still holds of what was removed.

import type { Option } from "../../engines/row.ts";
import { catalogue, portalNames } from "../../engines/table.ts";
import { planOnAws } from "./aws-plan.ts";
import { planDeployment } from "./plan.ts";
import type { Deployment, Stack } from "./stack.ts";

/** What of a stack can't change under data or clients that are there. The stack's state keeps it from one update to the next. */
export interface Inventory {
  /** Where the stack is, by key of the config. */
  readonly place: Readonly<Record<string, string>>;
  readonly deployments: Readonly<Record<string, Entry>>;
  /** Deployments and portals that are taken out on purpose, with their data. */
  readonly removed: readonly string[];
}

export interface Entry {
  readonly engine: string;
  readonly version: string;
  readonly generation: number;
  readonly rotate: number;
  /** By name, the address at which its peers, its certificate and the portals know it. */
  readonly nodes: Readonly<Record<string, string>>;
  readonly portals: readonly string[];
  readonly database?: string;
  readonly user?: string;
  /** GiB of a data volume, on AWS. */
  readonly volume?: number;
}

type KnownEntry = { readonly [Key in keyof Entry]?: Entry[Key] | undefined };

/** What an older build's state, or the documents on this machine, tell of it. */
export interface Known {
  readonly place?: Inventory["place"];
  readonly deployments: KnownEntries;
  /** Named as removed in the config, but perhaps not removed completely yet. */
  readonly leaving?: KnownEntries | undefined;
}

type KnownEntries = Readonly<Record<string, KnownEntry>>;

export function inventoryOf(stack: Stack, removed: readonly string[]): Inventory {
  if (stack.target === "aws") {
    const { aws, deployments } = stack;
    const { name, region, zones } = aws;
    return {
      place: { target: "aws", "aws.name": name, "aws.region": region, "aws.zones": zones.join() },
      deployments: Object.fromEntries(
        deployments.map((one) => [
          one.name,
          { ...entryOf(one, planOnAws(one, aws).nodes), volume: one.volume },
        ]),
      ),
      removed,
    };
  }
  const { local, deployments } = stack;
  return {
    place: { target: "local", "local.name": local.name, "local.range": local.range },
    deployments: Object.fromEntries(
      deployments.map((one) => [one.name, entryOf(one, planDeployment(one, local).nodes)]),
    ),
    removed,
  };
}

function entryOf(
  deployment: Deployment,
  nodes: readonly { readonly name: string; readonly address: string }[],
): Entry {
  const { engine, version, generation, rotate, database, user } = deployment;
  const has = (option: Option) => catalogue[engine].options.includes(option);
  return {
    ...{ engine, version, generation, rotate },
    nodes: Object.fromEntries(nodes.map(({ name, address }) => [name, address])),
    portals: portalNames(deployment),
    ...(has("database") && { database }),
    ...(has("user") && { user }),
  };
}

/** Whether `judge` has to know the state: something is removed, or may have been removed in part. */
export function asksForState(known: Known, wanted: Inventory): boolean {
  return Object.keys(known.leaving ?? {}).length > 0 || going(known, wanted).length > 0;
}

/** Why `wanted` can't come after `known`, and what is leaving then. `state`: the resources that the stack has now. */
export function judge(
  { leaving = {}, ...known }: Known,
  wanted: Inventory,
  state: readonly Held[],
): { readonly why: readonly string[]; readonly leaving: KnownEntries } {
  const left = Object.entries(leaving).filter(([name]) => partsOf(name, state).length > 0);
  const there = { ...known, deployments: { ...Object.fromEntries(left), ...known.deployments } };
  const gone = Object.entries(there.deployments).filter(
    ([name]) => !Object.hasOwn(wanted.deployments, name),
  );
  const held = Object.entries(stillProtected(going(there, wanted), state));
  return {
    why: [
      ...forbidden(there, wanted),
      ...held.map(
        ([name, titles]) =>
          `portico:removed: names ${name}, but the state still protects ${titles.join(", ")}, so the removal would stop half-way. To remove it with its data: ${UNPROTECT}, up`,
      ),
    ],
    leaving: Object.fromEntries(gone),
  };
}

/** What is known and named as removed. */
function going({ deployments }: Known, { removed }: Inventory): readonly string[] {
  const there = Object.entries(deployments).flatMap(([name, { portals = [] }]) => [
    name,
    ...portals,
  ]);
  return removed.filter((name) => there.includes(name));
}

/**
 * Why `wanted` can't come after `known`: one sentence each, with its path in the config. Each of these changes would leave a cluster
 * without its quorum, its data or its name, and some would have taken portals away before it failed.
 */
export function forbidden(known: Known, wanted: Inventory): readonly string[] {
  const there = Object.entries(known.deployments);
  if (there.length === 0) return [];
  const wantedOf = new Map(Object.entries(wanted.deployments));
  return [
    ...moved(known.place ?? {}, wanted.place),
    ...there.flatMap(([name, before]) => {
      const after = wantedOf.get(name);
      const at = `deployments.${name}`;
      if (after !== undefined)
        return changed(name, before, after, wanted.removed).map((why) => `${at}.${why}`);
      return wanted.removed.includes(name) ? [] : [`${at}: ${gone(name)}`];
    }),
  ];
}

function moved(before: Inventory["place"], after: Inventory["place"]): readonly string[] {
  return Object.entries(before)
    .filter(([key, value]) => after[key] !== value)
    .map(
      ([key, value]) =>
        `${key}: was ${JSON.stringify(value)} when the stack was made, and its data and addresses are there. Put it back, or make another stack`,
    );
}

function changed(
  name: string,
  before: KnownEntry,
  after: Entry,
  removed: readonly string[],
): readonly string[] {
  const once = (["engine", "version", "database", "user"] as const).filter(
    (key) => before[key] !== undefined && before[key] !== after[key],
  );
  return [
    ...once.map(
      (key) =>
        `${key}: was ${JSON.stringify(before[key])} when ${name} was made, and can't change afterwards. Put it back, or make another deployment and move the data`,
    ),
    ...(before.nodes === undefined ? [] : changedNodes(before.nodes, after.nodes)),
    ...(before.portals ?? [])
      .filter((portal) => !after.portals.includes(portal) && !removed.includes(portal))
      .map((portal) => `portals: ${lessPortal(portal)}`),
    ...(before.generation !== undefined && after.generation < before.generation
      ? [`generation: was ${before.generation}, and only ever rises`]
      : []),
    ...(before.rotate !== undefined && after.rotate < before.rotate
      ? [
          `rotate: was ${before.rotate}, and only ever rises: a lower number would bring back a password that was changed. Put it back, or raise it for a new one`,
        ]
      : []),
    ...(before.volume !== undefined && (after.volume ?? 0) < before.volume
      ? [`volume: is ${before.volume}GiB, and a volume never shrinks`]
      : []),
  ];
}

function changedNodes(before: Entry["nodes"], after: Entry["nodes"]): readonly string[] {
  const [were, are] = [Object.keys(before).length, Object.keys(after).length];
  if (were !== are)
    return [
      `nodes: can't change from ${were} to ${are}: members of a running cluster join and leave one at a time, which Portico can't do yet, and all at once would cost its quorum. Put it back`,
    ];
  const moves = Object.entries(before).filter(([name, address]) => after[name] !== address);
  return moves.slice(0, 1).map(([name, address]) => {
    const to = after[name] ?? "another name";
    return `network: would move ${name} from ${address} to ${to}, and the cluster knows its members by their addresses. Put back what changed: network, or the stack's range or slots`;
  });
}

const UNPROTECT =
  'take the protection off (for a stack of npm start: npm run pulumi -- state unprotect --all --yes -s local, and the next up puts it back on all that stays; on AWS: docs/aws.md, "Removing a deployment")';

function gone(name: string): string {
  return (
    "is no longer in the config, which would delete its machines and stop at its data. Put it back: all of its data is there. " +
    `To remove it with its data: empty its whitelist first, ${UNPROTECT}, add ${name} to portico:removed, up`
  );
}

function lessPortal(portal: string): string {
  return (
    `would take away ${portal}, whose address clients have in their URIs. Put it back. ` +
    `To remove it: ${UNPROTECT}, add ${portal} to portico:removed, up`
  );
}

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
