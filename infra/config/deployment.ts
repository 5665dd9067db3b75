import { z } from "zod";

import { canonicalCidr } from "../../proxy-image/src/cidr.ts";
import { catalogue, engines } from "../model/catalogue.ts";
import type { AwsDeployment, Deployment, Source } from "../model/stack.ts";
import { AWS_SHAPE } from "./aws.ts";
import { NAME, NAME_RULE } from "./name.ts";
import { duration, size } from "./quantity.ts";
import type { Report } from "./report.ts";
import { below } from "./report.ts";
import { oneOf, strict } from "./strict.ts";
import { readWhitelist } from "./whitelist.ts";

const MIB = 2 ** 20;

const Count = (least: number, most: number) =>
  z
    .int({ error: `must be a whole number from ${least} to ${most}` })
    .min(least, `must be ${least} to ${most}`)
    .max(most, `must be ${least} to ${most}`);

const Identifier = z
  .string({ error: "must be a name" })
  .regex(
    /^[a-z_][a-z0-9_-]{0,62}$/,
    "must be 1 to 63 lower-case letters, digits, dashes and underscores",
  )
  .refine(
    (name) => !name.startsWith("pg_"),
    "must not begin with pg_: PostgreSQL keeps such names",
  );

const Network = z
  .string({ error: 'must be a /24 such as "10.90.1.0/24"' })
  .refine(
    (cidr) => cidr.endsWith("/24") && cidr.includes(".") && canonicalCidr(cidr) === cidr,
    'must be a /24 such as "10.90.1.0/24"',
  );

const SHAPE = {
  engine: oneOf(engines),
  nodes: Count(1, 7)
    .refine((nodes) => nodes % 2 === 1, "must be odd, so that a vote can't tie")
    .default(3),
  portals: Count(1, 4).default(2),
  memory: size("256MiB", "256GiB", "512MiB"),
  network: Network.optional(),
  durability: oneOf(["quorum", "async"]).default("quorum"),
  database: Identifier.optional(),
  user: Identifier.optional(),
  generation: Count(1, 1_000_000).default(1),
  hold: duration("0s", "120s", "30s"),
  silence: duration("4s", "60s", "10s"),
  drain: duration("0s", "24h", "60s"),
  maxLag: size("0KiB", "1024GiB", "16MiB"),
  fallback: oneOf(["role-check", "off"]).default("role-check"),
  open: z.boolean({ error: "must be true or false" }).default(false),
  whitelist: z.unknown().optional(),
};

const Local = strict(SHAPE);
const OnAws = strict({ ...SHAPE, ...AWS_SHAPE });

/** Reads one entry of `deployments` for a stack on this machine: all but its slot, since slots are given out over all of them. */
export function readLocalDeployment(
  name: string,
  raw: unknown,
  report: Report,
): Deployment | undefined {
  const read = parse(Local, name, raw, report);
  return read && complete(name, read, raw, report);
}

/** Reads one entry of `deployments` for a stack on AWS. Its network is not in it where it names none. */
export function readAwsDeployment(
  name: string,
  raw: unknown,
  report: Report,
): (Omit<AwsDeployment, "network"> & Pick<Deployment, "network">) | undefined {
  const read = parse(OnAws, name, raw, report);
  if (read === undefined) return undefined;
  const { nodeType, portalType, volume, enforcement, pins, nodes } = read;
  const names = Array.from({ length: nodes }, (_, index) => `${name}-${index + 1}`);
  for (const node of Object.keys(pins))
    if (!names.includes(node)) report(["pins", node], `is no node: they are ${names.join(", ")}`);
  return { ...complete(name, read, raw, report), nodeType, portalType, volume, enforcement, pins };
}

function parse<Read>(
  shape: z.ZodType<Read>,
  name: string,
  raw: unknown,
  report: Report,
): Read | undefined {
  if (!NAME.test(name)) report([], NAME_RULE);
  const read = shape.safeParse(raw);
  for (const { path, message } of read.error?.issues ?? []) report(path, message);
  // Read apart from the rest, so that a mistake elsewhere hides none of those in it.
  if (!read.success) readSources(raw, report);
  return read.data;
}

function readSources(raw: unknown, report: Report): readonly Source[] {
  const { open, whitelist } = (raw ?? {}) as { open?: unknown; whitelist?: unknown };
  return readWhitelist(whitelist, open === true, below(["whitelist"], report));
}

function complete(
  name: string,
  read: z.output<typeof Local>,
  raw: unknown,
  report: Report,
): Deployment {
  const { hold, silence, drain, memory, database = name, user = name } = read;
  const { users, databases }: Taken = catalogue[read.engine].taken;
  if (users.includes(user)) report(["user"], `"${user}" is a user of the cluster itself`);
  if (databases.includes(database))
    report(["database"], `"${database}" is a database of the cluster itself`);
  const { engine, nodes, portals, durability, generation, maxLag, fallback, open, network } = read;
  return {
    ...{ engine, nodes, portals, durability, generation, maxLag, fallback, open },
    name,
    network,
    database,
    user,
    memory: Math.floor(memory / MIB),
    timing: { hold, silence, drain },
    whitelist: readSources(raw, report),
  };
}

interface Taken {
  readonly users: readonly string[];
  readonly databases: readonly string[];
}
