import { catalogue } from "../../engines/table.ts";
import { blockOf, breadthOf, contains, findNested } from "../model/block.ts";
import type { AwsDeployment, Deployment, LocalDeployment, Source, Stack } from "../model/stack.ts";
import { formatPath } from "./values.ts";

/** What a careful colleague would ask about a config that can be used. One sentence each, path first. */
export function warningsFor(stack: Stack, now: Date): readonly string[] {
  const deployments: readonly (LocalDeployment | AwsDeployment)[] = stack.deployments;
  if (deployments.length === 0) return ["deployments: is empty, so there is nothing to build"];
  return deployments.flatMap((deployment) => [
    ...reach(deployment),
    ...deployment.whitelist.flatMap((source) => expiry(deployment, source, now)),
    ...nesting(deployment),
    ...breadth(deployment),
    ...lonely(deployment),
    ...keyless(deployment),
    ...("enforcement" in deployment
      ? [...enforcement(deployment), ...standIn(deployment), ...unreachable(deployment)]
      : []),
  ]);
}

function enforcement({ name, enforcement }: AwsDeployment): readonly string[] {
  if (enforcement === "firewall") return [];
  return [
    `deployments.${name}.enforcement: is proxy, so security groups let everybody reach the portals, which alone enforce the whitelist`,
  ];
}

/** For a stack on this machine, `npm start` says it. */
function standIn({ name, engine }: AwsDeployment): readonly string[] {
  const { standIn } = catalogue[engine];
  if (standIn === undefined) return [];
  return [
    `deployments.${name}.engine: is ${engine}, which ${standIn} stands in for: good for trying clients, not for data that is to last`,
  ];
}

function reach({ name, open, whitelist }: Deployment): readonly string[] {
  if (open) return [`deployments.${name}.open: is true, so anybody on the internet may connect`];
  if (whitelist.length > 0) return [];
  return [
    `deployments.${name}.whitelist: is empty, so nobody can connect; ` +
      `add a source with: pulumi config set -s <stack> --path 'portico:deployments.${name}.whitelist["203.0.113.0/24"]' 'who it is'`,
  ];
}

function expiry({ name }: Deployment, { cidr, until }: Source, now: Date): readonly string[] {
  if (until === undefined || Date.parse(until) > now.getTime()) return [];
  return [`${entry(name, cidr)}: was over at ${until}, so it lets nobody in; remove it`];
}

function nesting({ name, whitelist }: Deployment): readonly string[] {
  return findNested(whitelist.map(({ cidr }) => cidr)).map(
    ({ inner, outer }) =>
      `${entry(name, inner)}: is contained in ${outer}, so removing it alone would shut nobody out`,
  );
}

/** Wider than any one organisation's: a /8, or a /20 of IPv6, which is what the largest providers have. */
const WIDE = { v4: 2 ** -8, v6: 2 ** -20 } as const;

function breadth({ name, open, whitelist }: Deployment): readonly string[] {
  if (open) return [];
  const { v4, v6 } = breadthOf(whitelist.map(({ cidr }) => cidr));
  const wide = [
    ...(v4 > WIDE.v4 ? [`${percent(v4)} of IPv4, more than a /8`] : []),
    ...(v6 > WIDE.v6 ? [`${percent(v6)} of IPv6, more than a /20`] : []),
  ];
  return wide.map((what) => `deployments.${name}.whitelist: lets in ${what}, all entries together`);
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}

/** No packet from the internet has such a source, and portals on AWS are reached over the internet alone. */
const NOT_PUBLIC = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"],
  ...["169.254.0.0/16", "fc00::/7", "fe80::/10", "::1/128"],
].map(blockOf);

function unreachable({ name, whitelist }: Deployment): readonly string[] {
  return whitelist
    .filter(({ cidr }) => {
      const own = blockOf(cidr);
      return NOT_PUBLIC.some((block) => contains(block, own));
    })
    .map(
      ({ cidr }) =>
        `${entry(name, cidr)}: holds private addresses alone, so it matches nobody: portals on AWS are reached by their public address, and see a client's public one`,
    );
}

function lonely({ name, nodes, durability }: Deployment): readonly string[] {
  if (nodes > 1 || durability === "async") return [];
  return [`deployments.${name}.nodes: is 1, so there is no second copy, whatever durability says`];
}

function keyless({ name, ssh }: Deployment): readonly string[] {
  if (ssh === undefined || Object.keys(ssh.keys).length > 0) return [];
  return [
    `deployments.${name}.ssh.keys: is empty, so nobody can open a tunnel; ` +
      `add a key with: pulumi config set -s <stack> --path 'portico:deployments.${name}.ssh.keys.ann' 'ssh-ed25519 AAAA…'`,
  ];
}

function entry(name: string, cidr: string): string {
  return formatPath(["deployments", name, "whitelist", cidr]);
}
