import { performance } from "node:perf_hooks";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import pg from "pg";

/** How to reach one database through one address. Times are milliseconds of this process's monotonic clock. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** PEM of the authority that signed the server's certificate; the certificate is always verified. */
  readonly ca: string;
}

export interface Ack {
  readonly id: string;
  readonly begun: number;
  readonly at: number;
  /** The address of the node that acknowledged. */
  readonly server: string;
}

export interface Failure {
  /** `connect`: no session came about. `write`: a session was lost, or a statement failed on it. */
  readonly during: "connect" | "write";
  readonly begun: number;
  readonly at: number;
  /** SQLSTATE or the system's error code. 25006: the node was read-only. */
  readonly code: string;
  readonly message: string;
}

export interface Record {
  readonly acknowledged: readonly Ack[];
  readonly failures: readonly Failure[];
}

export interface Writer {
  /** Everything seen so far. */
  record(): Record;
  /** Resolves with the first acknowledgement of a write begun after now; rejects after `deadlineMs`. */
  nextAck(deadlineMs: number): Promise<Ack>;
  stop(): Promise<Record>;
}

/**
 * Writes rows with unique ids, each in a transaction of its own, on `sessions` connections at once, until stopped,
 * or until the test ends. A lost session is opened again at once, as a client that is written defensively does. With `everyWrite`, each write has
 * a connection of its own.
 */
export function startWriter(
  t: TestContext,
  targets: readonly Target[],
  table: string,
  { sessions, everyWrite = false }: { readonly sessions: number; readonly everyWrite?: boolean },
): Writer {
  const acknowledged: Ack[] = [];
  const failures: Failure[] = [];
  const waiting = new Set<(ack: Ack) => void>();
  let running = true;

  const write = async (client: pg.Client, id: string): Promise<void> => {
    const begun = performance.now();
    const { rows } = await client.query(
      `INSERT INTO ${table} (id) VALUES ($1) RETURNING host(inet_server_addr()) AS server`,
      [id],
    );
    const ack = { id, begun, at: performance.now(), server: String(rows[0]?.server) };
    acknowledged.push(ack);
    for (const tell of waiting) tell(ack);
  };

  const work = async (worker: number): Promise<void> => {
    for (let session = 0; running; session++) {
      const target = targets[(worker + session) % targets.length] as Target;
      const client = clientFor(target);
      let during: Failure["during"] = "connect";
      let begun = performance.now();
      try {
        await client.connect();
        during = "write";
        for (let row = 0; running && !(everyWrite && row > 0); row++) {
          begun = performance.now();
          await write(client, `${worker}-${session}-${row}-${Math.round(begun * 1000)}`);
          // Leaves something of a small machine to what is tested.
          await sleep(10);
        }
      } catch (error) {
        const { code = "none", message } = error as { code?: string; message: string };
        failures.push({ during, begun, at: performance.now(), code, message });
        // A refused client that comes back at once would only measure its own loop.
        await sleep(5);
      } finally {
        await farewell(client);
      }
    }
  };

  const workers = Array.from({ length: sessions }, (_, index) => work(index));
  t.after(() => {
    running = false;
  });
  return {
    record: () => ({ acknowledged: [...acknowledged], failures: [...failures] }),
    nextAck: (deadlineMs) => nextAck(waiting, deadlineMs),
    stop: async () => {
      running = false;
      await Promise.all(workers);
      return { acknowledged, failures };
    },
  };
}

/** Longer than any hold: whoever waits longer than this hangs. */
const LONGEST_WAIT = 60_000;

/** Ends a client. One whose connection broke at the wrong moment never says that it has ended. */
export async function farewell(client: pg.Client): Promise<void> {
  let patience: NodeJS.Timeout | undefined;
  const over = new Promise((resolve) => {
    patience = setTimeout(resolve, 1000);
  });
  await Promise.race([client.end().catch(() => {}), over]);
  clearTimeout(patience);
}

/** A client whose errors between statements don't end the process: the next statement tells of them. */
export function clientFor({ host, port, user, password, database, ca }: Target): pg.Client {
  const client = new pg.Client({
    host,
    port,
    user,
    password,
    database,
    ssl: { ca, rejectUnauthorized: true },
    keepAlive: true,
    application_name: "portico-writer",
    connectionTimeoutMillis: LONGEST_WAIT,
    query_timeout: LONGEST_WAIT,
  });
  client.on("error", () => {});
  return client;
}

function nextAck(waiting: Set<(ack: Ack) => void>, deadlineMs: number): Promise<Ack> {
  const from = performance.now();
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => {
      waiting.delete(tell);
      reject(new Error(`no write was acknowledged within ${deadlineMs} ms`));
    }, deadlineMs);
    const tell = (ack: Ack): void => {
      if (ack.begun < from) return;
      clearTimeout(deadline);
      waiting.delete(tell);
      resolve(ack);
    };
    waiting.add(tell);
  });
}
