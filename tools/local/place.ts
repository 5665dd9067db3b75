import type Docker from "dockerode";
import { z } from "zod";
import { endpointsOf } from "../../engines/table.ts";
import { ConfigError, parseConfig, rawConfig } from "../../infra/config.ts";
import { HIGHEST_SLOT, PORTS_A_DEPLOYMENT, planDeployment } from "../../infra/model/plan.ts";
import type { Stack } from "../../infra/model/stack.ts";
import { BASE_IMAGE } from "../../infra/model/stack.ts";
import { freePorts, freeRange, isFree } from "../setup/free-place.ts";
import type { Setup } from "../setup/set-up.ts";
import { print, SetupError } from "../setup/step.ts";
import type { Cli, StackConfig } from "./cli.ts";
import { latest, type StackFiles } from "./state.ts";

/** The `portico:local` of the stack's config, as `npm start` writes it once and keeps it. */
export interface Local {
  readonly name: string;
  readonly range: string;
  readonly firstPort: number;
  readonly base?: string | undefined;
  readonly slots: Readonly<Record<string, number>>;
}

/** Where the stack lives, and what of it others on this machine could take. */
export interface Place extends Local {
  /** On 127.0.0.1. */
  readonly ports: readonly number[];
}

const NAME = "portico";
const RANGES = { first: 64, last: 127, from: 87 };
const FIRST_PORT = 15_432;
/** From one stack's first port to where the next one's is searched. */
const PORTS_APART = 400;
/** This many stacks of one machine have ports of their own even while the others are stopped, when nobody can see theirs. */
const APART = 32;

const Stored = z
  .object({
    name: z.string(),
    range: z.string(),
    firstPort: z.number(),
    base: z.string(),
    slots: z.record(z.string(), z.number()),
  })
  .partial();

/**
 * Takes from the config where the stack lives, fills in what is not decided yet, and writes that back. A config with mistakes is refused
 * as it was written: the CLI writes the whole file anew, and makes 15 of 017.
 */
export async function keepPlace(
  { docker, baseImage }: Setup,
  cli: Cli,
  config: StackConfig,
): Promise<Place> {
  const stored = readStored(config["portico:local"]);
  const deployments = config["portico:deployments"]?.objectValue;
  const name = await nameOf(docker, config);
  if (stored.name === undefined && name !== NAME)
    print(
      `· another stack on this machine is called ${NAME}: this one is ${name}, and its containers are ${name}-<deployment>-1 and so on, where the README says ${NAME}-<deployment>-1`,
    );
  const place = placeOf(name);
  const undecided: Local = {
    name,
    range: stored.range ?? (await freeRange(docker, { ...RANGES, from: place.from })),
    firstPort: stored.firstPort ?? (await freePorts(place.firstPort)),
    base: stored.base ?? (baseImage === BASE_IMAGE ? undefined : baseImage),
    slots: {},
  };
  const names = isRecord(deployments) ? Object.keys(deployments) : [];
  const slots = await assignSlots(names, stored.slots ?? {}, (slot) => isSlotFree(undecided, slot));
  const local: Local = { ...undecided, slots };
  const ports = portsIn(judge(config, local));
  const settings = [
    ...difference(stored, local),
    ...(stored.range ? [] : admitThisMachine(Object.keys(local.slots), local.range)),
  ];
  if (settings.length > 0) await cli("config", "set-all", "--path", ...settings);
  return { ...local, ports };
}

/** Throws where the state knows a stack and the config has lost its place: another one would be found for it, and its data left behind. */
export async function checkKept(config: StackConfig, files: StackFiles): Promise<void> {
  if (readStored(config["portico:local"]).name !== undefined) return;
  const { resources } = (await latest(files)) ?? {};
  if (resources?.length)
    throw new SetupError(
      "This folder has a stack, and Pulumi.local.yaml no longer says where it is (portico:local). Nothing has been touched. To write the file as it was at the last update: npm run pulumi -- config refresh -s local --force",
    );
}

/** What the stack is called, or will be. */
export async function nameOf(docker: Docker, config: StackConfig): Promise<string> {
  return readStored(config["portico:local"]).name ?? (await freeName(docker));
}

/** What of `portico:local` is decided already. A person may have mistyped it. */
export function readStored(entry: StackConfig[string] | undefined): z.infer<typeof Stored> {
  const read = Stored.safeParse(entry ? (entry.objectValue ?? entry.value) : {});
  if (read.success) return read.data;
  const mistakes = read.error.issues.map(
    ({ path, message }) =>
      `portico:local${path.map((key) => `.${String(key)}`).join("")}: ${message}`,
  );
  throw new SetupError(
    `Pulumi.local.yaml can't be used: ${mistakes.join("; ")}. Before the first start, remove portico:local, and npm start chooses all of it. Later, npm run pulumi -- config refresh -s local --force writes the file as it was at the last update.`,
  );
}

/** Reads the config as the program will, once `local` is in it. Throws a SetupError with every mistake. */
export function judge(config: StackConfig, { base, ...local }: Local): Stack {
  const texts = Object.entries(config).map(([key, { value, objectValue }]) => [
    key,
    objectValue === undefined ? String(value ?? "") : JSON.stringify(objectValue),
  ]);
  const raw = rawConfig(Object.fromEntries(texts));
  const kept = isRecord(raw.local) ? raw.local : {};
  try {
    const whole = { ...raw, local: { ...kept, ...local, ...(base && { base }) } };
    return parseConfig(whole, new Date()).stack;
  } catch (error) {
    if (error instanceof ConfigError) throw new SetupError(error.message, { cause: error });
    throw error;
  }
}

/** The ports that the stack publishes. */
export function portsIn(stack: Stack): readonly number[] {
  if (stack.target !== "local") return [];
  return stack.deployments.flatMap((deployment) => {
    const published = new Set(["status", ...endpointsOf(deployment).map(({ name }) => name)]);
    return planDeployment(deployment, stack.local).portals.flatMap(({ ports }) =>
      Object.entries(ports).flatMap(([name, { host }]) => (published.has(name) ? [host] : [])),
    );
  });
}

/** Fails while something else on this machine listens on a port of the stack: the engine's own message would come late, and name no way out. */
export async function checkPorts(docker: Docker, { name, ports }: Place): Promise<void> {
  const filters = { label: [`portico.stack=${name}`] };
  const own = new Set(
    (await docker.listContainers({ filters })).flatMap(({ Ports }) =>
      Ports.map(({ PublicPort }) => PublicPort),
    ),
  );
  for (const port of ports) {
    if (own.has(port) || (await isFree(port))) continue;
    throw new SetupError(
      `Port ${port} on 127.0.0.1 is taken by another program. End that; or move the stack, which changes the port in every URI: npm run pulumi -- config set -s local --path portico:local.firstPort ${await freePorts(Math.max(...ports) + 1)}`,
    );
  }
}

/**
 * A deployment keeps its slot for ever, so that its addresses stay; a new one gets the lowest whose ports nobody on this machine has,
 * another stack among them.
 */
export async function assignSlots(
  deployments: readonly string[],
  slots: Readonly<Record<string, number>>,
  isFreeSlot: (slot: number) => Promise<boolean>,
): Promise<Readonly<Record<string, number>>> {
  const assigned = new Map(Object.entries(slots));
  for (const name of deployments.toSorted()) {
    if (assigned.has(name)) continue;
    const taken = new Set(assigned.values());
    let slot = 0;
    while (taken.has(slot) || !(await isFreeSlot(slot))) slot++;
    assigned.set(name, slot);
  }
  return Object.fromEntries(assigned);
}

/** One past the last counts as free: the program says that there are too many. */
export async function isSlotFree(
  { firstPort }: Pick<Local, "firstPort">,
  slot: number,
): Promise<boolean> {
  const first = firstPort + slot * PORTS_A_DEPLOYMENT;
  if (slot > HIGHEST_SLOT || first + PORTS_A_DEPLOYMENT > 65_536) return true;
  const ports = Array.from({ length: PORTS_A_DEPLOYMENT }, (_, index) => first + index);
  return (await Promise.all(ports.map(isFree))).every(Boolean);
}

/**
 * Where the search begins for a stack of that name. One that is stopped has a name, by its volumes, but shows neither networks nor
 * ports: by its number it is kept clear of.
 */
export function placeOf(name: string): { readonly from: number; readonly firstPort: number } {
  const number = Number(new RegExp(`^${NAME}-(\\d+)$`).exec(name)?.[1] ?? 1);
  const place = (number - 1) % APART;
  const ranges = RANGES.last - RANGES.first + 1;
  return {
    from: RANGES.first + ((RANGES.from - RANGES.first + place) % ranges),
    firstPort: FIRST_PORT + PORTS_APART * place,
  };
}

async function freeName(docker: Docker): Promise<string> {
  const filters = { label: ["portico.stack"] };
  const [containers, networks, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  const taken = new Set(
    [...containers, ...networks, ...(Volumes ?? [])].map(({ Labels }) => Labels?.["portico.stack"]),
  );
  let name = NAME;
  for (let number = 2; taken.has(name); number++) name = `${NAME}-${number}`;
  return name;
}

/** The arguments of `config set-all` that write all of the place. */
export function difference(stored: z.infer<typeof Stored>, local: Local): string[] {
  const { slots, ...plain } = local;
  const kept = stored.slots ?? {};
  const settings = [
    ...Object.entries(plain).filter(([key, value]) => value !== undefined && !(key in stored)),
    ...Object.entries(slots)
      .filter(([name]) => !Object.hasOwn(kept, name))
      .map(([name, slot]) => [`slots["${name}"]`, slot]),
  ];
  return settings.flatMap(([key, value]) => ["--plaintext", `portico:local.${key}=${value}`]);
}

/**
 * A new stack lets in the person who made it: a port published on 127.0.0.1 shows the gateway of the portals' network as the source. (Not
 * on Docker Desktop: there `npm start` shows which source the portal saw.)
 */
function admitThisMachine(deployments: readonly string[], range: string): string[] {
  const gateway = range.replace(/0\/16$/, "1/32");
  return deployments.flatMap((name) => [
    "--plaintext",
    `portico:deployments["${name}"].whitelist["${gateway}"]=this machine`,
  ]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
