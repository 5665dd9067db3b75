// The config's keys `local` and `aws`, and the keys of a deployment that say on which machines of AWS it runs.
import { z } from "zod";
import type { Engine } from "../../engines/table.ts";
import { catalogue, engines, nodeNames, portalNames } from "../../engines/table.ts";
import { canonicalCidr } from "../../proxy-image/src/cidr.ts";
import { machineType, PORTAL_MEMORY, roomOn } from "../model/aws-machine.ts";
import { unusableNetwork } from "../model/aws-plan.ts";
import { DEFAULT_QUOTA } from "../model/aws-quota.ts";
import { blockOf, contains } from "../model/block.ts";
import { HIGHEST_SLOT } from "../model/plan.ts";
import type { AwsDeployment, AwsTarget, LocalTarget } from "../model/stack.ts";
import { BASE_IMAGE } from "../model/stack.ts";
import type { Report } from "./values.ts";
import { NAME, NAME_RULE, oneOf, size, strict, text } from "./values.ts";

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].map(blockOf);

const LOCAL_RANGE = 'must be a private /16 such as "10.87.0.0/16"';
const SLOT = `must be a whole number from 0 to ${HIGHEST_SLOT}`;
const PORT = "must be a port from 1024 to 65516";

const Local = strict({
  name: text(NAME_RULE).regex(NAME, NAME_RULE).default("portico"),
  range: text(LOCAL_RANGE)
    .refine(
      (cidr) =>
        cidr.endsWith(".0.0/16") &&
        canonicalCidr(cidr) === cidr &&
        PRIVATE.some((block) => contains(block, blockOf(cidr))),
      LOCAL_RANGE,
    )
    .default("10.87.0.0/16"),
  firstPort: z.int({ error: PORT, abort: true }).min(1024, PORT).max(65_516, PORT).default(15_432),
  base: text("must be the name of an image").min(1).default(BASE_IMAGE),
  slots: z
    .record(z.string(), z.int({ error: SLOT, abort: true }).min(0, SLOT).max(HIGHEST_SLOT, SLOT))
    .default({}),
});

export interface LocalConfig extends LocalTarget {
  /** The slots that were given out before, by deployment. */
  readonly slots: Readonly<Record<string, number>>;
}

export function readLocal(raw: unknown, report: Report): LocalConfig | undefined {
  const read = Local.safeParse(raw ?? {});
  for (const { path, message } of read.error?.issues ?? []) report(path, message);
  return read.data;
}

const GIB = 2 ** 30;
const REGION = 'must be a region such as "eu-central-1"';
/** ARNs and the names of services differ there. */
const OTHER_PARTITION = /^(us-gov|cn|us-iso[a-z]?|eu-iso[a-z]?)-/;
const ZONES =
  'must be three zones of the region, such as ["eu-central-1a", "eu-central-1b", "eu-central-1c"]';
const AMI = 'must be the id of an Amazon Linux 2023 image, such as "ami-0123456789abcdef0"';
const DIGEST = 'must be the id of an image, "sha256:" and 64 hexadecimal digits';
const AWS_RANGE = 'must be a block of /8 to /16 of private addresses, such as "10.64.0.0/10"';
const INSTANCE = 'must be a type of instance, such as "t4g.small"';

const Digest = text(DIGEST).regex(/^sha256:[0-9a-f]{64}$/, DIGEST);
const Ami = text(AMI).regex(/^ami-[0-9a-f]{8,17}$/, AMI);
const Instance = text(INSTANCE).regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, INSTANCE);

/** A limit of the account. Saying one means that AWS has raised it. */
const Limit = (byDefault: number) =>
  z
    .int({ error: "must be a whole number", abort: true })
    .min(1, "must be at least 1")
    .default(byDefault);

const Aws = strict({
  name: text(NAME_RULE)
    .regex(NAME, NAME_RULE)
    .refine(
      (name) => !/^(xn--|sthree-|amzn-s3-demo-)/.test(name),
      "must not begin with xn--, sthree- or amzn-s3-demo-: AWS takes no bucket of such a name",
    ),
  region: text(REGION)
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, REGION)
    .refine(
      (region) => !OTHER_PARTITION.test(region),
      "is in a partition of its own (AWS GovCloud, China or an isolated one): Portico knows the standard one alone",
    ),
  zones: z.array(text(ZONES), { error: ZONES }).length(3, ZONES),
  ami: Ami,
  range: text(AWS_RANGE)
    .superRefine((cidr, context) => {
      const length = Number(cidr.split("/")[1]);
      const why = length >= 8 && length <= 16 ? unusableNetwork(cidr) : AWS_RANGE;
      if (why !== undefined) context.addIssue(why);
    })
    .default("10.64.0.0/10"),
  build: z.boolean({ error: "must be true or false" }).default(false),
  images: strict({ portal: Digest.optional(), ...nodeImages() }).prefault({}),
  quota: strict({
    vpcs: Limit(DEFAULT_QUOTA.vpcs),
    eips: Limit(DEFAULT_QUOTA.eips),
    rulesPerGroup: Limit(DEFAULT_QUOTA.rulesPerGroup),
  }).prefault({}),
});

function nodeImages(): { readonly [E in Engine]: z.ZodOptional<typeof Digest> } {
  const shape = engines.map((engine) => [engine, Digest.optional()] as const);
  return Object.fromEntries(shape) as { [E in Engine]: z.ZodOptional<typeof Digest> };
}

/** Keys of a deployment that only mean something on AWS. */
export const AWS_SHAPE = {
  nodeType: Instance.default("t4g.small"),
  portalType: Instance.default("t4g.micro"),
  volume: size("8GiB", "16384GiB", "20GiB").transform((bytes) => Math.ceil(bytes / GIB)),
  enforcement: oneOf(["firewall", "proxy"]).default("firewall"),
  pins: z
    .record(
      z.string(),
      strict({ image: Digest.optional(), ami: Ami.optional(), type: Instance.optional() }),
      {
        error: "must be a map from a machine to its { image, ami, type }",
      },
    )
    .default({}),
};

export function readAws(raw: unknown, report: Report): AwsTarget | undefined {
  const read = Aws.safeParse(raw ?? {});
  for (const { path, message } of read.error?.issues ?? []) report(path, message);
  if (!read.success) return undefined;
  const { region, zones, build, images } = read.data;
  if (build)
    for (const image of Object.keys(images))
      report(["images", image], "is built, as build: true says; leave out one of the two");
  else if (images.portal === undefined)
    report(["images", "portal"], "is missing: must be the id of an image, or build: true");
  for (const [index, zone] of zones.entries()) {
    if (!zone.startsWith(region)) report(["zones", index], `"${zone}" is not in ${region}`);
    else if (!/^[a-z]$/.test(zone.slice(region.length)))
      report(["zones", index], `"${zone}" is no availability zone, such as ${region}a`);
    if (zones.indexOf(zone) < index) report(["zones", index], `"${zone}" is named twice`);
  }
  return read.data;
}

type Read = Pick<
  AwsDeployment,
  "name" | "engine" | "nodes" | "portals" | "nodeType" | "portalType" | "pins"
>;

/**
 * Checks which machines a deployment on AWS asks for, and gives the memory of each of its nodes: what `configured` says, or what the
 * smallest of their machines has room for.
 */
export function readMachines(read: Read, configured: number | undefined, report: Report): number {
  const { nodeType, portalType, pins } = read;
  const portals = portalNames(read);
  reportPins(read, portals, report);
  reportOld(["nodeType"], nodeType, report);
  reportOld(["portalType"], portalType, report);
  for (const [machine, { type }] of Object.entries(pins))
    if (type !== undefined) reportOld(["pins", machine, "type"], type, report);
  for (const type of new Set(portals.map((portal) => pins[portal]?.type ?? portalType)))
    if ((roomOn(type) ?? PORTAL_MEMORY) < PORTAL_MEMORY)
      report(["portalType"], `${type} is too small: a portal needs ${PORTAL_MEMORY}MiB`);
  return readMemory(read, configured, report);
}

function readMemory(read: Read, configured: number | undefined, report: Report): number {
  const { engine, nodeType, pins } = read;
  const types = new Set(nodeNames(read).map((node) => pins[node]?.type ?? nodeType));
  const rooms = [...types].map((type) => ({ type, room: roomOn(type) }));
  // One that is not known comes first.
  const [smallest] = rooms.sort(({ room: a = 0 }, { room: b = 0 }) => a - b);
  const { type = nodeType, room } = smallest ?? {};
  if (configured !== undefined) {
    if (room !== undefined && configured > room)
      report(["memory"], `must be ${room}MiB at most on ${type}, which needs the rest itself`);
    return configured;
  }
  const { least, usual } = catalogue[engine].memory;
  if (room === undefined)
    report(
      ["memory"],
      `is required: how much memory a machine of the type ${type} has is not known`,
    );
  else if (room < least)
    report(["nodeType"], `${type} is too small: it has room for ${room}MiB of the ${least}MiB`);
  return room ?? usual;
}

function reportOld(path: readonly string[], type: string, report: Report): void {
  if (!machineType(type).nitro)
    report(path, `${type} is an older machine, on which a volume is not found; take a newer one`);
}

function reportPins(read: Read, portals: readonly string[], report: Report): void {
  const machines = [...nodeNames(read), ...portals];
  for (const [machine, { image }] of Object.entries(read.pins)) {
    if (!machines.includes(machine))
      report(["pins", machine], `is no machine of it: they are ${machines.join(", ")}`);
    if (image !== undefined && portals.includes(machine))
      report(["pins", machine, "image"], "is for nodes: portals change theirs one after the other");
  }
}
