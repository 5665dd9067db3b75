import { awsConfig, IMAGES, NEWER } from "./stack.ts";

export const OFFICE = { "203.0.113.0/24": "Berlin office", "198.51.100.7/32": "CI runner" };

/** The stack that every change begins with, and what an edit makes of it. */
export const config = (orders: Readonly<Record<string, unknown>> = {}, aws = {}) =>
  awsConfig({ orders: { whitelist: OFFICE, ...orders } }, aws);

/** What a config would change in the stack as it stands. */
export interface Change {
  readonly name: string;
  readonly config: Record<string, unknown>;
  /** What the guard says against it, each in a sentence of its own; none: it is fine. */
  readonly refused?: readonly RegExp[];
  /** Whether it is one of a whitelist alone. */
  readonly whitelistOnly?: true;
  /** Its golden counts; a line for each resource would be more than anybody reviews. */
  readonly counted?: true;
}

const ANN =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRyqiw0lSQelyKiO8JaYyLFoxbX7KIBVzXPGEiur9DR ann@laptop";

const OTHER_AMI = "ami-0fedcba9876543210";

const many = Object.fromEntries(
  Array.from({ length: 70 }, (_, index) => [`198.51.100.${index}/32`, `runner ${index}`]),
);

const whitelistEdits: readonly Change[] = [
  ["entry-added", { "192.0.2.0/24": "Paris office", ...OFFICE }] as const,
  ["entry-added-v6", { ...OFFICE, "2001:db8:7::/48": "Paris office" }] as const,
  ["entry-noted", { ...OFFICE, "198.51.100.7/32": "the other CI runner" }] as const,
  ["entry-removed", { "203.0.113.0/24": "Berlin office" }] as const,
  ["whitelist-reordered", Object.fromEntries(Object.entries(OFFICE).reverse())] as const,
].map(([name, whitelist]) => ({ name, config: config({ whitelist }), whitelistOnly: true }));

export const CHANGES: readonly Change[] = [
  ...whitelistEdits,
  {
    name: "seventy-entries",
    config: config({ whitelist: many, enforcement: "proxy" }),
    whitelistOnly: true,
    refused: [
      /orders-0\.0\.0\.0\/0 would open 0\.0\.0\.0\/0/,
      /orders-0\.0\.0\.0\/0-8404 would open 0\.0\.0\.0\/0/,
    ],
  },
  {
    name: "seventy-entries-raised-quota",
    config: config({ whitelist: many }, { quota: { rulesPerGroup: 200 } }),
    whitelistOnly: true,
    counted: true,
  },
  { name: "portal-image", config: config({}, { images: { ...IMAGES, portal: NEWER } }) },
  { name: "node-pin", config: config({ pins: { "orders-2": { image: NEWER } } }) },
  {
    name: "engine-version",
    config: config({}, { images: { ...IMAGES, postgresql: NEWER } }),
    refused: [/^orders: orders-1, orders-2 and orders-3 would be restarted .* \(image\)/],
  },
  {
    name: "other-types",
    config: config({ nodeType: "m7g.xlarge", portalType: "t4g.medium" }),
    refused: [
      /^orders: orders-1, orders-2 and orders-3 would be restarted .* \(instanceType\)/,
      /^orders: orders-portal-1 and orders-portal-2 would be restarted .* no portal/,
    ],
  },
  { name: "ssh-on", config: config({ ssh: { keys: { ann: ANN } } }) },
  { name: "bigger-disk", config: config({ volume: "40GiB" }) },
  { name: "node-ami-pin", config: config({ pins: { "orders-2": { ami: OTHER_AMI } } }) },
  {
    name: "portal-pin",
    config: config({ pins: { "orders-portal-2": { ami: OTHER_AMI, type: "t4g.medium" } } }),
  },
  {
    name: "other-ami",
    config: config({}, { ami: OTHER_AMI }),
    refused: [
      /^orders: orders-1, orders-2 and orders-3 would be replaced .* \(ami\)/,
      /^orders: orders-portal-1 and orders-portal-2 would be replaced .* no portal/,
    ],
  },
  {
    name: "opened",
    config: config({ open: true }),
    whitelistOnly: true,
    refused: [
      /^orders would be open to the whole internet by its document \(open: true\)/,
      ...["0.0.0.0/0", "0.0.0.0/0-8404", "::/0", "::/0-8404"].map(
        (rule) => new RegExp(`^SecurityGroupIngressRule orders-${rule} would open `),
      ),
    ],
  },
];
