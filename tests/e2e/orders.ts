import { join } from "node:path";
import { after } from "node:test";

import type { Stack } from "../support/cli.ts";
import { freePlace, withStack } from "../support/cli.ts";
import { exec, logsOf, until } from "../support/containers.ts";
import { docker } from "../support/docker.ts";
import type { Target } from "../support/writer.ts";
import { clientFor, farewell } from "../support/writer.ts";

/** A deployment that the real CLI brought up with the real images, for all end-to-end tests of one process. */
export interface Orders {
  readonly stack: Stack;
  readonly config: (
    changes?: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, unknown>>;
  /** First part of the names of everything in Docker. */
  readonly prefix: string;
  /** The source that a client on this machine shows. */
  readonly gateway: string;
  readonly outputs: Outputs;
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
      }
    >
  >;
  readonly portals: readonly {
    readonly name: string;
    readonly address: string;
    readonly status: string;
  }[];
}

const LONGEST_TEST_RUN = 3_600_000;

export const orders = await bringUp();

async function bringUp(): Promise<Orders> {
  const prefix = `e2e${Date.now().toString(36)}`;
  const place = await freePlace(prefix);
  const gateway = String(place.range).replace(/\.0\.0\/16$/, ".0.1");
  const config = (changes: Readonly<Record<string, unknown>> = {}) => ({
    "portico:target": "local",
    "portico:local": place,
    "portico:deployments": {
      orders: {
        engine: "postgresql",
        whitelist: { [`${gateway}/32`]: "this machine" },
        ...changes,
      },
    },
  });
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return new Promise((resolve, reject) => {
    const stack = withStack({ config: config() }, async (stack) => {
      await stack.up();
      const { deployments } = (await stack.outputs()) as { deployments: { orders: Outputs } };
      const outputs = deployments.orders;
      await createTable(outputs);
      resolve({ stack, config, prefix, gateway, outputs });
      await ended;
    });
    stack.catch(reject);
    const takeDown = async () => {
      end();
      await stack;
    };
    after(takeDown, { timeout: LONGEST_TEST_RUN });
  });
}

/** What the writers write to. */
async function createTable({ user, password, database, ca, endpoints }: Outputs): Promise<void> {
  const [first] = endpoints.primary?.hosts ?? [];
  const client = clientFor({ host: "", port: 0, ...first, user, password, database, ca });
  await client.connect();
  await client.query("CREATE TABLE written (id text PRIMARY KEY)");
  await farewell(client);
}

export const NODES = ["orders-1", "orders-2", "orders-3"] as const;
export const PORTALS = ["orders-portal-1", "orders-portal-2"] as const;

/** The portals' document, as `up` has written it. */
export const documentFile = (): string =>
  join(import.meta.dirname, "../../.portico", orders.stack.name, "orders/document/document.json");

export const container = (name: string): string => `${orders.prefix}-${name}`;

/** One target a portal, as an application on this machine reaches it. */
export function targets(endpoint: string): readonly Target[] {
  const { user, password, database, ca, endpoints } = orders.outputs;
  return (endpoints[endpoint]?.hosts ?? []).map(({ host, port }) => ({
    ...{ host, port, user, password, database, ca },
  }));
}

/** Runs one statement through an endpoint of the first portal, on a connection of its own. */
export async function query(
  statement: string,
  endpoint = "primary",
  portal = 0,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = clientFor(targets(endpoint)[portal] as Target);
  try {
    await client.connect();
    return (await client.query(statement)).rows;
  } finally {
    await farewell(client);
  }
}

/** A node's address in its private network. */
export async function addressOf(node: string): Promise<string> {
  const { NetworkSettings } = await engine.getContainer(container(node)).inspect();
  return Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? "";
}

/** Runs one statement in a node itself, as superuser over its socket. */
async function ask(node: string, statement: string): Promise<string> {
  const command = ["psql", "-d", "orders", "-AtXqc", statement];
  const { code, output } = await exec(container(node), command);
  if (code !== 0) throw new Error(`${node}: ${output}`);
  return output.trim();
}

/** The node whose own PostgreSQL takes writes, of `among`. A frozen or cut off leader may take itself for one as well. */
export async function leader(among: readonly string[] = NODES): Promise<string> {
  const answers = await Promise.all(
    among.map((node) => ask(node, "SELECT pg_is_in_recovery()").catch(() => "no answer")),
  );
  const found = among.filter((_, index) => answers[index] === "f");
  if (found.length !== 1) throw new Error(`${found.length} nodes lead: ${answers}`);
  return found[0] as string;
}

/** Waits until another node than `old` leads. */
export function leaderAfter(old: string): Promise<string> {
  const others = NODES.filter((node) => node !== old);
  return until("another leader", 60, () => leader(others));
}

/** Waits until the cluster is whole, so that a test begins where the last one ended well. */
export function whole(seconds = 180): Promise<true> {
  return until("one leader and two replicas that confirm its writes", seconds, async () => {
    const statement =
      "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'quorum'";
    return (await ask(await leader(), statement)) === "2" && (await bothPortalsOpen());
  });
}

async function bothPortalsOpen(): Promise<true> {
  const statement = "SELECT pg_is_in_recovery() AS replica";
  for (const portal of [0, 1]) {
    const [row] = await query(statement, "primary", portal);
    if (row?.replica !== false) throw new Error(`portal ${portal + 1} does not serve the leader`);
  }
  return true;
}

/** A portal's log lines since `wall` (milliseconds), parsed; lines that are not JSON are left out. */
export async function logLines(
  portal: string,
  wall: number,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const text = await logsOf(container(portal), Math.floor(wall / 1000));
  return text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}

export const engine = docker;
