import { catalogue } from "../model/catalogue.ts";
import { findNested } from "../model/nesting.ts";
import type { AwsDeployment, Deployment, LocalDeployment, Source, Stack } from "../model/stack.ts";
import { formatPath } from "./report.ts";

/** What a careful colleague would ask about a config that can be used. One sentence each, path first. */
export function warningsFor(stack: Stack, now: Date): readonly string[] {
  const deployments: readonly (LocalDeployment | AwsDeployment)[] = stack.deployments;
  if (deployments.length === 0) return ["deployments: is empty, so there is nothing to build"];
  return deployments.flatMap((deployment) => [
    ...reach(deployment),
    ...deployment.whitelist.flatMap((source) => expiry(deployment, source, now)),
    ...nesting(deployment),
    ...lonely(deployment),
    ...keyless(deployment),
    ...("enforcement" in deployment ? [...enforcement(deployment), ...standIn(deployment)] : []),
  ]);
}

function enforcement({ name, enforcement }: AwsDeployment): readonly string[] {
  if (enforcement === "firewall") return [];
  return [
    `deployments.${name}.enforcement: is proxy, so security groups let everybody reach the portals, which alone enforce the whitelist`,
  ];
}

/** On this machine `npm start` says it. */
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
      `add a source with: pulumi config set --path 'portico:deployments.${name}.whitelist["203.0.113.0/24"]' 'who it is'`,
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

function lonely({ name, nodes, durability }: Deployment): readonly string[] {
  if (nodes > 1 || durability === "async") return [];
  return [`deployments.${name}.nodes: is 1, so there is no second copy, whatever durability says`];
}

function keyless({ name, ssh }: Deployment): readonly string[] {
  if (ssh === undefined || Object.keys(ssh.keys).length > 0) return [];
  return [
    `deployments.${name}.ssh.keys: is empty, so nobody can open a tunnel; ` +
      `add a key with: pulumi config set --path 'portico:deployments.${name}.ssh.keys.ann' 'ssh-ed25519 AAAA…'`,
  ];
}

function entry(name: string, cidr: string): string {
  return formatPath(["deployments", name, "whitelist", cidr]);
}
