import { z } from "zod";

import { unusableNetwork } from "../model/aws/private-network.ts";
import { DEFAULT_QUOTA } from "../model/aws/quota.ts";
import { type Engine, engines } from "../model/catalogue.ts";
import type { AwsTarget } from "../model/stack.ts";
import { NAME, NAME_RULE } from "./name.ts";
import { size } from "./quantity.ts";
import type { Report } from "./report.ts";
import { oneOf, strict } from "./strict.ts";
import { text } from "./text.ts";

const GIB = 2 ** 30;
const REGION = 'must be a region such as "eu-central-1"';
/** ARNs and the names of services differ there. */
const OTHER_PARTITION = /^(us-gov|cn|us-iso[a-z]?|eu-iso[a-z]?)-/;
const ZONES =
  'must be three zones of the region, such as ["eu-central-1a", "eu-central-1b", "eu-central-1c"]';
const AMI = 'must be the id of an Amazon Linux 2023 image, such as "ami-0123456789abcdef0"';
const DIGEST = 'must be the id of an image, "sha256:" and 64 hexadecimal digits';
const RANGE = 'must be a block of /8 to /16 of private addresses, such as "10.64.0.0/10"';
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

const Raw = strict({
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
  range: text(RANGE)
    .superRefine((cidr, context) => {
      const length = Number(cidr.split("/")[1]);
      const why = length >= 8 && length <= 16 ? unusableNetwork(cidr) : RANGE;
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
  const read = Raw.safeParse(raw ?? {});
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
