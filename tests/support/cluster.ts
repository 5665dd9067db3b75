import { join, resolve } from "node:path";
import { after } from "node:test";

import type { Stack } from "./cli.ts";
import { freePlace, withStack } from "./cli.ts";
import { execWell, logsOf } from "./containers.ts";
import { docker } from "./docker.ts";
import type { Target } from "./writer.ts";

/** A deployment that the real CLI brought up with the real images, for all tests of one process. */
export interface Cluster {
  readonly name: string;
  readonly stack: Stack;
  /** The stack's config, with changes to the deployment. */
  readonly config: (
    changes?: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, unknown>>;
  /** First part of the names of everything in Docker. */
  readonly prefix: string;
  /** The source that a client on this machine shows. */
  readonly gateway: string;
  readonly outputs: Outputs;
  readonly nodes: readonly string[];
  readonly portals: readonly string[];
}

export interface Outputs {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly ca: string;
  readonly endpoints: Readonly<
    Record<
      string,
      {
        readonly uri: string;
        readonly uris: readonly string[];
        readonly hosts: readonly { readonly host: string; readonly port: number }[];
        /** By client, what to paste. */
        readonly clients: Readonly<Record<string, string>>;
      }
    >
  >;
  /** Of per-node engines. */
  readonly addressMap?: Readonly<Record<string, string>>;
  readonly addressMaps?: readonly Readonly<Record<string, string>>[];
  readonly portals: readonly {
    readonly name: string;
    readonly address: string;
    readonly status: string;
  }[];
}

export interface Asked {
  /** Of the deployment. */
  readonly name: string;
  readonly engine: string;
  /** Keys of the deployment's config beside engine and whitelist. */
  readonly deployment?: Readonly<Record<string, unknown>>;
}

const LONGEST_TEST_RUN = 3_600_000;

/** Brings a deployment up, and takes it down after the last test of the process. */
export async function bringUp(asked: Asked): Promise<Cluster> {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return new Promise((resolve, reject) => {
    const running = withCluster(asked, async (cluster) => {
      resolve(cluster);
      await ended;
    });
    running.catch(reject);
    const takeDown = async () => {
      end();
      await running;
    };
    after(takeDown, { timeout: LONGEST_TEST_RUN });
  });
}

/** Brings a deployment up for `use`, and takes it down afterwards. */
export async function withCluster(
  { name, engine, deployment = {} }: Asked,
  use: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const prefix = `${name.slice(0, 4)}${Date.now().toString(36)}`;
  const place = await freePlace(prefix);
  const gateway = String(place.range).replace(/\.0\.0\/16$/, ".0.1");
  const config = (changes: Readonly<Record<string, unknown>> = {}) => ({
    "portico:target": "local",
    "portico:local": place,
    "portico:deployments": {
      [name]: {
        engine,
        whitelist: { [`${gateway}/32`]: "this machine" },
        ...deployment,
        ...changes,
      },
    },
  });
  await withStack({ config: config() }, async (stack) => {
    await stack.up();
    const { deployments } = (await stack.outputs()) as {
      deployments: Readonly<Record<string, Outputs>>;
    };
    const outputs = deployments[name] as Outputs;
    const portals = outputs.portals.map((portal) => portal.name);
    const nodes = [1, 2, 3].map((ordinal) => `${name}-${ordinal}`);
    await use({ name, stack, config, prefix, gateway, outputs, nodes, portals });
  });
}

/** The Docker name of a node or a portal. */
export const containerOf = ({ prefix }: Cluster, name: string): string => `${prefix}-${name}`;

/** Rejects with the first one that Docker doesn't call healthy, and what its health check said last. */
export async function allHealthy(
  cluster: Cluster,
  names: readonly string[] = [...cluster.nodes, ...cluster.portals],
): Promise<void> {
  for (const name of names) {
    const { State } = await docker.getContainer(containerOf(cluster, name)).inspect();
    const { Status, Log } = State.Health ?? { Status: State.Status, Log: [] };
    if (Status !== "healthy") throw new Error(`${name} is ${Status}: ${Log.at(-1)?.Output ?? ""}`);
  }
}

/** Runs a command in a node, and returns what it says. */
export const inNode = (
  cluster: Cluster,
  node: string,
  ...command: readonly string[]
): Promise<string> => execWell(containerOf(cluster, node), command);

/** The portals' document, as `up` has written it. */
export const documentOf = ({ stack, name }: Cluster): string =>
  join(import.meta.dirname, "../../.portico", stack.name, name, "document/document.json");

/** Where `up` has written the certificate of the deployment's authority. */
export const caFileOf = ({ stack, name }: Cluster): string =>
  resolve(import.meta.dirname, "../../.portico", stack.name, name, "ca.pem");

/** One target a portal, as an application on this machine reaches it. */
export function targetsOf({ outputs }: Cluster, endpoint: string): readonly Target[] {
  const { user, password, database, ca, endpoints } = outputs;
  return (endpoints[endpoint]?.hosts ?? []).map(({ host, port }) => ({
    ...{ host, port, user, password, database, ca },
  }));
}

/** A node's address in its private network. */
export async function addressOf(cluster: Cluster, node: string): Promise<string> {
  const { NetworkSettings } = await docker.getContainer(containerOf(cluster, node)).inspect();
  return Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? "";
}

/** Every node's address, by its name. */
export async function addressesOf(cluster: Cluster): Promise<Readonly<Record<string, string>>> {
  const each = cluster.nodes.map(async (node) => [node, await addressOf(cluster, node)] as const);
  return Object.fromEntries(await Promise.all(each));
}

/** A portal's log lines since `wall` (milliseconds), parsed; lines that are not JSON are left out. */
export async function logLines(
  cluster: Cluster,
  portal: string,
  wall: number,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const text = await logsOf(containerOf(cluster, portal), Math.floor(wall / 1000));
  return text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}
