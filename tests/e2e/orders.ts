import { clientFor, farewell } from "../../engines/postgresql/tests/client.ts";
import type { Outputs } from "../support/cluster.ts";
import {
  addressOf as addressIn,
  bringUp,
  containerOf,
  documentOf,
  logLines as linesOf,
  targetsOf,
} from "../support/cluster.ts";
import { execWell, until } from "../support/containers.ts";
import { docker } from "../support/docker.ts";
import type { Target } from "../support/writer.ts";

export const orders = await bringUp({ name: "orders", engine: "postgresql" });
await createTable(orders.outputs);

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

export const documentFile = (): string => documentOf(orders);

export const container = (name: string): string => containerOf(orders, name);

export const targets = (endpoint: string): readonly Target[] => targetsOf(orders, endpoint);

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

export const addressOf = (node: string): Promise<string> => addressIn(orders, node);

/** Runs one statement in a node itself, as superuser over its socket. */
export async function ask(node: string, statement: string): Promise<string> {
  const command = ["psql", "-d", "orders", "-AtXqc", statement];
  return (await execWell(container(node), command)).trim();
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

/** Waits until both portals have told that they serve another leader than `old`, since `wall` (milliseconds). */
export async function bothSwitched(old: string, wall: number): Promise<void> {
  for (const portal of PORTALS)
    await until(`${portal} tells of the switch`, 30, async () =>
      (await logLines(portal, wall)).some(
        ({ time, oldLeader, newLeader }) =>
          oldLeader === old && newLeader !== undefined && Date.parse(String(time)) >= wall,
      ),
    );
}

/** Clients' sessions on a node, by its own PostgreSQL's word. Asks until it answers: it may be starting. */
export function clientsAt(node: string): Promise<number> {
  const statement =
    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'orders' AND backend_type = 'client backend'";
  return until(`${node}'s word on its sessions`, 60, async () =>
    Number(await ask(node, statement)),
  );
}

export async function upWith(deployment: Readonly<Record<string, unknown>>) {
  await orders.stack.configure(orders.config(deployment));
  return orders.stack.up();
}

/** What an edit must not change: which containers there are, and since when they run. */
export const running = (
  names: readonly string[] = [...NODES, ...PORTALS],
): Promise<readonly string[]> =>
  Promise.all(
    names.map(async (name) => {
      const { Id, State } = await engine.getContainer(container(name)).inspect();
      return `${name} ${Id} ${State.StartedAt}`;
    }),
  );

export const logLines = (portal: string, wall: number) => linesOf(orders, portal, wall);

export const engine = docker;
