import { z } from "zod";
import { OPTIONS } from "../../engines/row.ts";
import { catalogue, engines, nodeNames } from "../../engines/table.ts";
import { canonicalCidr } from "../../proxy-image/src/cidr.ts";
import { unusableNetwork } from "../model/aws-plan.ts";
import type { AwsDeployment, Deployment, Source, Ssh } from "../model/stack.ts";
import { readSsh, readWhitelist } from "./access.ts";
import { AWS_SHAPE, readMachines } from "./targets.ts";
import type { Report } from "./values.ts";
import {
  below,
  duration,
  isAmbiguous,
  isMap,
  NAME,
  NAME_RULE,
  oneOf,
  size,
  strict,
  text,
} from "./values.ts";

const MIB = 2 ** 20;

const Count = (least: number, most: number) =>
  z
    .int({ error: `must be a whole number from ${least} to ${most}`, abort: true })
    .min(least, `must be ${least} to ${most}`)
    .max(most, `must be ${least} to ${most}`);

const Identifier = text("must be a name")
  .regex(
    /^[a-z_][a-z0-9_-]{0,62}$/,
    "must be 1 to 63 lower-case letters, digits, dashes and underscores",
  )
  .refine(
    (name) => !name.startsWith("pg_"),
    "must not begin with pg_: PostgreSQL keeps such names",
  );

const Network = text('must be a /24 such as "10.90.1.0/24"').refine(
  (cidr) => cidr.endsWith("/24") && cidr.includes(".") && canonicalCidr(cidr) === cidr,
  'must be a /24 such as "10.90.1.0/24"',
);

/** Engines by other names that people know them by. */
const OTHER_NAMES = Object.fromEntries(
  engines.flatMap((engine) => (catalogue[engine].alsoCalled ?? []).map((name) => [name, engine])),
);

const SHAPE = {
  engine: oneOf(engines, OTHER_NAMES),
  version: text('must be a version such as "17"').optional(),
  endpoints: z
    .array(text("must be the name of an endpoint"), {
      error: "must be a list of endpoints, such as [primary]",
    })
    .min(1, "must name at least one endpoint")
    .optional(),
  nodes: Count(1, 7)
    .refine((nodes) => nodes % 2 === 1, "must be odd, so that a vote can't tie")
    .default(3),
  portals: Count(1, 4).default(2),
  memory: size("256MiB", "256GiB", "512MiB"),
  network: Network.optional(),
  durability: oneOf(["quorum", "async"], { sync: "quorum", synchronous: "quorum" }).default(
    "quorum",
  ),
  database: Identifier.optional(),
  user: Identifier.optional(),
  generation: Count(1, 1_000_000).default(1),
  rotate: Count(0, 1_000_000).default(0),
  hold: duration("0s", "120s", "30s"),
  silence: duration("4s", "60s", "10s"),
  drain: duration("0s", "24h", "60s"),
  maxLag: size("0KiB", "1024GiB", "16MiB"),
  fallback: oneOf(["role-check", "off"]).default("role-check"),
  open: z.boolean({ error: "must be true or false" }).default(false),
  whitelist: z.unknown().optional(),
  ssh: z.unknown().optional(),
};

const Local = strict(SHAPE);
const OnAws = strict({ ...SHAPE, ...AWS_SHAPE });

/** Reads one entry of `deployments` for a stack on this machine: all but its slot, since slots are given out over all of them. */
export function readLocalDeployment(
  name: string,
  raw: unknown,
  report: Report,
): Deployment | undefined {
  const parsed = parse(Local, name, raw, report);
  return parsed && complete(name, parsed);
}

/** Reads one entry of `deployments` for a stack on AWS. Its network is not in it where it names none. */
export function readAwsDeployment(
  name: string,
  raw: unknown,
  report: Report,
): (Omit<AwsDeployment, "network"> & Pick<Deployment, "network">) | undefined {
  const parsed = parse(OnAws, name, raw, report);
  if (parsed === undefined) return undefined;
  const { read, usable, rest } = parsed;
  const { engine, nodeType, portalType, volume, enforcement, pins, network } = read;
  reportNameOnAws(name, report);
  if (catalogue[engine].homeMade)
    rest(
      ["engine"],
      `${engine} has only a stand-in here, a program of our own that keeps no data safely: it runs on the local target alone`,
    );
  const why = network === undefined ? undefined : unusableNetwork(network);
  if (why !== undefined) rest(["network"], why);
  const described = complete(name, parsed);
  const configured = "memory" in usable ? described.memory : undefined;
  const memory = readMachines({ name, ...read }, configured, rest);
  return { ...described, nodeType, portalType, volume, enforcement, pins, memory };
}

/** First parts of keys in the stack's bucket: what is below them is for every machine, or expires. */
const PREFIXES = ["images", "machine", "reported"];

function reportNameOnAws(name: string, report: Report): void {
  if (PREFIXES.includes(name))
    report([], `is reserved on AWS, where the stack's bucket keeps other objects below ${name}/`);
  // The names of security groups have a suffix after it.
  if (`${name}-`.startsWith("sg-"))
    report([], "must not be sg or begin with sg-: AWS takes no security group of such a name");
}

/** What of an entry could be read. */
interface Parsed<Read> {
  readonly read: Read;
  /** The entry without the keys in which something is wrong; `read` has what such a key is where nobody sets it. */
  readonly usable: object;
  /** Takes the mistakes of all other keys. */
  readonly rest: Report;
}

/** Reads what can be read, so that no mistake hides another one. Undefined where too little can be. */
function parse<Read>(
  shape: z.ZodType<Read>,
  name: string,
  raw: unknown,
  report: Report,
): Parsed<Read> | undefined {
  if (!NAME.test(name)) report([], NAME_RULE);
  else if (isAmbiguous(name))
    report([], "is ambiguous: Pulumi makes true of True and TRUE; choose another name");
  const issues = shape.safeParse(raw).error?.issues ?? [];
  for (const { path, message } of issues) report(path, message);
  const wrong = new Set(
    issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : issue.path[0])),
  );
  const usable = isMap(raw) ? without(wrong, raw) : {};
  const rest: Report = (path, message) => {
    if (!wrong.has(path[0])) report(path, message);
  };
  const { data } = shape.safeParse(usable);
  if (data !== undefined) return { read: data, usable, rest };
  readSources(usable, rest);
  readSshOf(usable, rest);
  return undefined;
}

function without(keys: ReadonlySet<unknown>, map: object): object {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.has(key)));
}

function readSources(raw: object, report: Report): readonly Source[] {
  const { open, whitelist } = raw as { open?: unknown; whitelist?: unknown };
  return readWhitelist(whitelist, open === true, below(["whitelist"], report));
}

function readSshOf(raw: object, report: Report): Ssh | undefined {
  const { ssh } = raw as { ssh?: unknown };
  return readSsh(ssh, below(["ssh"], report));
}

function complete(name: string, { read, usable, rest: report }: Parsed<Read>): Deployment {
  const { hold, silence, drain, database = name, user = name } = read;
  const row = catalogue[read.engine];
  const { taken, longestUser } = row;
  const { users, databases } = taken;
  if (longestUser !== undefined && user.length > longestUser)
    report(["user"], `${read.engine} takes ${longestUser} characters at most`);
  if (users.includes(user)) report(["user"], `"${user}" is a user of the cluster itself`);
  if (databases.includes(database))
    report(["database"], `"${database}" is a database of the cluster itself`);
  reportForeignOptions(read.engine, usable, report);
  const { engine, nodes, portals, durability, generation, rotate } = read;
  const { maxLag, fallback, open, network } = read;
  const ssh = readSshOf(usable, report);
  return {
    ...{ engine, nodes, portals, durability, generation, rotate, maxLag, fallback, open },
    name,
    version: readVersion(read, report),
    endpoints: readEndpoints(read, report),
    network,
    database,
    user,
    memory: readMemory(read, usable, report),
    timing: { hold, silence, drain },
    whitelist: readSources(usable, report),
    ...(ssh && { ssh }),
  };
}

type Read = z.output<typeof Local>;

function readVersion({ engine, version }: Read, report: Report): string {
  const { versions } = catalogue[engine];
  const [newest = ""] = versions;
  if (version === undefined || versions.includes(version)) return version ?? newest;
  report(
    ["version"],
    `"${version}" is no version that ${engine} can have here; use ${versions.join(" or ")}`,
  );
  return newest;
}

function readEndpoints({ engine, nodes, endpoints }: Read, report: Report): readonly string[] {
  const row = catalogue[engine];
  const groups = [
    ...new Set(row.endpoints(nodeNames({ name: "node", nodes })).map((e) => e.group)),
  ];
  for (const [index, group] of (endpoints ?? []).entries())
    if (!groups.includes(group))
      report(
        ["endpoints", index],
        `${engine} has no endpoint "${group}"; it has ${groups.join(", ")}`,
      );
  return endpoints ?? row.usual;
}

function readMemory({ engine, memory }: Read, raw: object, report: Report): number {
  const { least, usual } = catalogue[engine].memory;
  if (!("memory" in raw)) return usual;
  const mib = Math.floor(memory / MIB);
  if (mib < least) report(["memory"], `must be at least ${least}MiB for ${engine}`);
  return mib;
}

/** Keys that some engines have, and this one doesn't. */
function reportForeignOptions(engine: Read["engine"], raw: object, report: Report): void {
  const { options } = catalogue[engine];
  for (const option of OPTIONS)
    if (!options.includes(option) && option in raw) {
      const has = options.length > 0 ? `it has ${options.join(", ")}` : "it has none of that kind";
      report([option], `${engine} has no such option; ${has}`);
    }
}
