import { z } from "zod";

import { canonicalCidr } from "../../proxy-image/src/cidr.ts";
import { catalogue, engines } from "../model/catalogue.ts";
import type { Deployment } from "../model/stack.ts";
import { duration, size } from "./quantity.ts";
import type { Report } from "./report.ts";
import { below } from "./report.ts";
import { oneOf, strict } from "./strict.ts";
import { readWhitelist } from "./whitelist.ts";

const MIB = 2 ** 20;

export const NAME = /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])$/;
export const NAME_RULE =
  "must be 2 to 30 lower-case letters, digits and dashes, begin with a letter and not end with a dash";

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

const Raw = strict({
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
});

/** Reads one entry of `deployments`. Its slot is not in it: slots are given out over all deployments. */
export function readDeployment(
  name: string,
  raw: unknown,
  report: Report,
): Omit<Deployment, "slot"> | undefined {
  if (!NAME.test(name)) report([], NAME_RULE);
  if (name === "public") report([], "is the name of the network that all portals share");

  // Read apart from the rest, so that a mistake elsewhere hides none of those in it.
  const { open, whitelist: sources } = (raw ?? {}) as { open?: unknown; whitelist?: unknown };
  const whitelist = readWhitelist(sources, open === true, below(["whitelist"], report));
  const read = Raw.safeParse(raw);
  for (const { path, message } of read.error?.issues ?? []) report(path, message);
  if (!read.success) return undefined;

  const { hold, silence, drain, memory, database = name, user = name, ...rest } = read.data;
  const { users, databases }: Taken = catalogue[rest.engine].taken;
  if (users.includes(user)) report(["user"], `"${user}" is a user of the cluster itself`);
  if (databases.includes(database))
    report(["database"], `"${database}" is a database of the cluster itself`);
  return {
    ...rest,
    name,
    network: rest.network,
    database,
    user,
    memory: Math.floor(memory / MIB),
    timing: { hold, silence, drain },
    whitelist,
  };
}

interface Taken {
  readonly users: readonly string[];
  readonly databases: readonly string[];
}
