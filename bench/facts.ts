import { readFile } from "node:fs/promises";
import { z } from "zod";

import { docker } from "../tests/support/docker.ts";

const Facts = z
  .strictObject({
    nodes: z
      .array(
        z.strictObject({ name: z.string(), container: z.string(), address: z.string() }).readonly(),
      )
      .readonly(),
    database: z.string(),
    privateNetwork: z.string(),
    publicNetwork: z.string(),
    nodeImage: z.string(),
    proxyImage: z.string(),
    /** Folder on the host with ca.crt, client.crt and client.key: what a portal proves itself with to Patroni. */
    identity: z.string(),
    portal: z.strictObject({ container: z.string(), host: z.string(), port: z.int() }).readonly(),
  })
  .readonly();

/** The cluster that is measured, and everything needed to reach it. */
export type Facts = z.infer<typeof Facts>;

/** Facts about a cluster that was made by hand. */
export async function readFacts(file: string): Promise<Facts> {
  return Facts.parse(JSON.parse(await readFile(file, "utf8")));
}

/** Facts about a deployment of a stack that runs on this machine, as Docker reports them. The first portal is measured. */
export async function factsOf(stack: string, deployment: string): Promise<Facts> {
  const prefix = `${stack}-${deployment}`;
  const label = [`portico.stack=${stack}`, `portico.deployment=${deployment}`];
  const containers = await docker.listContainers({ filters: { label } });
  const names = containers.map(({ Names: [name = ""] }) => name.slice(1)).sort();
  const nodes = names.filter((name) => /^\d+$/.test(name.slice(prefix.length + 1)));
  const [node] = nodes;
  const portal = names.find((name) => name.startsWith(`${prefix}-portal-`));
  if (!node || !portal) throw new Error(`no deployment ${deployment} of stack ${stack} runs here`);
  const publicNetwork = `${stack}-public`;
  const { Image, Mounts } = await docker.getContainer(portal).inspect();
  const identity = Mounts.find(({ Destination }) => Destination === "/etc/portico/identity");
  if (!identity) throw new Error(`${portal} has no identity mounted`);
  return {
    nodes: await Promise.all(
      nodes.map(async (container) => ({
        name: container.slice(stack.length + 1),
        container,
        address: await addressOf(container, prefix),
      })),
    ),
    database: deployment,
    privateNetwork: prefix,
    publicNetwork,
    nodeImage: (await docker.getContainer(node).inspect()).Image,
    proxyImage: Image,
    identity: identity.Source,
    portal: { container: portal, host: await addressOf(portal, publicNetwork), port: 5432 },
  };
}

export async function addressOf(container: string, network: string): Promise<string> {
  const { NetworkSettings } = await docker.getContainer(container).inspect();
  const address = NetworkSettings.Networks[network]?.IPAddress;
  if (!address) throw new Error(`${container} has no address on ${network}`);
  return address;
}
