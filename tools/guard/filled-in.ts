import { isDeepStrictEqual } from "node:util";

import type { Values } from "./preview.ts";

/** Where Pulumi's bridge to Terraform's providers notes which inputs it has filled in itself. */
const DEFAULTS = "__defaults";

/** What providers fill in by themselves where a program says nothing, as far as it isn't false, zero or empty. */
const KNOWN: Readonly<Record<string, Values>> = {
  "aws:ec2/instance:Instance": { sourceDestCheck: true },
  "aws:ec2/networkInterface:NetworkInterface": { sourceDestCheck: true },
  "aws:ec2/vpc:Vpc": { instanceTenancy: "default" },
  "aws:iam/instanceProfile:InstanceProfile": { path: "/" },
  "aws:iam/role:Role": { path: "/", maxSessionDuration: 3600 },
  "aws:kms/key:Key": {
    customerMasterKeySpec: "SYMMETRIC_DEFAULT",
    isEnabled: true,
    keyUsage: "ENCRYPT_DECRYPT",
  },
  "docker:index/container:Container": {
    containerReadRefreshTimeoutMilliseconds: 15_000,
    mustRun: true,
    networkMode: "bridge",
    start: true,
  },
  "docker:index/network:Network": { driver: "bridge" },
  "docker:index/volume:Volume": { driver: "local" },
  "tls:index/privateKey:PrivateKey": { ecdsaCurve: "P224", rsaBits: 2048 },
};

/** Inputs of the SDK's own, and the profile: by whose rights the plugin acts is up to whoever runs it, and no preview shows it. */
const OF_PROVIDERS = ["__internal", "version", "profile"];

const AUTONAMED = ["name", "bucket"];

const IMAGE = "docker:index/image:Image";
const INVENTORY = "portico:index:Inventory";

export interface Where {
  readonly type: string;
  readonly name: string;
  /** Of the provider: what it puts into every resource. */
  readonly region: unknown;
  readonly tags: Values;
}

/** Whether an input that the program doesn't give is one that the provider fills in, with what it fills in. */
export function isFilledIn(
  key: string,
  within: Values,
  { type, name, region, tags }: Where,
): boolean {
  const value = within[key];
  if (type.startsWith("pulumi:providers:")) return OF_PROVIDERS.includes(key);
  switch (key) {
    case "contextDigest":
      // Of an image's build context: its files are the checkout's, which a preview doesn't show.
      return type === IMAGE && typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
    case "leaving":
      // What the inventory remembers of former deployments. No machine is made of it.
      return type === INVENTORY;
    case DEFAULTS:
      return Array.isArray(value) && value.every((one) => typeof one === "string");
    case "region":
      return value === region;
    case "tagsAll":
      return isDeepStrictEqual(value, { ...tags, ...Object(within.tags) });
    default:
  }
  const noted = within[DEFAULTS];
  if (!Array.isArray(noted) || !noted.includes(key)) return false;
  if (AUTONAMED.includes(key)) return isAutonamed(value, name);
  return isNothing(value) || isDeepStrictEqual(value, KNOWN[type]?.[key]);
}

function isAutonamed(value: unknown, name: string): boolean {
  return (
    typeof value === "string" &&
    value.startsWith(`${name}-`) &&
    /^[0-9a-f]{7,}$/.test(value.slice(name.length + 1))
  );
}

/** For a default that the table lacks, nobody knows whether "off" is the safe side, but these values turn nothing on. */
function isNothing(value: unknown): boolean {
  return (
    [false, 0, "", null].some((one) => one === value) ||
    (Array.isArray(value) && value.length === 0)
  );
}
