import { performance } from "node:perf_hooks";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

/** How to reach one database through one address. Times are milliseconds of this process's monotonic clock. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** PEM of the authority that signed the server's certificate; the certificate is always verified. */
  readonly ca: string;
  /** Without TLS: a node behind portals that end it. */
  readonly plain?: boolean;
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
  /** The engine's or the system's error code. SQLSTATE 25006: the node was read-only. */
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

/** How an engine's client writes. */
export interface Driver {
  /** Rejects when no session comes about. */
  connect(target: Target): Promise<Session>;
}

export interface Session {
  /** Writes a unique id, acknowledged by the engine's own rules. Resolves with the address of the node that did. */
  write(id: string): Promise<string>;
  /** Never rejects, whatever became of the connection. */
  end(): Promise<void>;
}

/** From one write to the next on a session, and from one session to the next: leaves something of a small machine to what is tested. */
const KEEPING_MS = 20;
const CONNECTING_MS = 50;

/**
 * Writes unique ids, each acknowledged on its own, on `sessions` connections at once, until stopped,
 * or until the test ends. A lost session is opened again at once, as a client that is written defensively does. With `everyWrite`, each write has
 * a connection of its own.
 */
export function startWriter(
  t: Pick<TestContext, "after">,
  targets: readonly Target[],
  driver: Driver,
  { sessions, everyWrite = false }: { readonly sessions: number; readonly everyWrite?: boolean },
): Writer {
  const acknowledged: Ack[] = [];
  const failures: Failure[] = [];
  const waiting = new Set<(ack: Ack) => void>();
  let running = true;

  const write = async (session: Session, id: string): Promise<void> => {
    const begun = performance.now();
    const server = await session.write(id);
    const ack = { id, begun, at: performance.now(), server };
    acknowledged.push(ack);
    for (const notify of waiting) notify(ack);
  };

  const work = async (worker: number): Promise<void> => {
    for (let round = 0; running; round++) {
      const target = targets[(worker + round) % targets.length] as Target;
      let session: Session | undefined;
      let during: Failure["during"] = "connect";
      let begun = performance.now();
      try {
        session = await driver.connect(target);
        during = "write";
        for (let row = 0; running && !(everyWrite && row > 0); row++) {
          begun = performance.now();
          await write(session, `${worker}-${round}-${row}-${Math.round(begun * 1000)}`);
          await sleep(everyWrite ? CONNECTING_MS : KEEPING_MS);
        }
      } catch (error) {
        const { code = "none", message } = error as { code?: string; message: string };
        failures.push({ during, begun, at: performance.now(), code: String(code), message });
        // A refused client that comes back at once would only measure its own loop.
        await sleep(5);
      } finally {
        await session?.end();
      }
    }
  };

  const workers = Array.from({ length: sessions }, (_, index) => work(index));
  t.after(() => {
    running = false;
  });
  return {
    record: () => ({ acknowledged: [...acknowledged], failures: [...failures] }),
    nextAck: (deadlineMs) => nextAck(waiting, failures, deadlineMs),
    stop: async () => {
      running = false;
      await Promise.all(workers);
      return { acknowledged, failures };
    },
  };
}

function nextAck(
  waiting: Set<(ack: Ack) => void>,
  failures: readonly Failure[],
  deadlineMs: number,
): Promise<Ack> {
  const from = performance.now();
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => {
      waiting.delete(notify);
      const failed = failures.filter(({ at }) => at > from);
      const last = failed.slice(-3).map((each) => JSON.stringify(each));
      const seen = `${failed.length} failed meanwhile, at last: ${last.join(", ") || "none"}`;
      reject(new Error(`no write was acknowledged within ${deadlineMs} ms; ${seen}`));
    }, deadlineMs);
    const notify = (ack: Ack): void => {
      if (ack.begun < from) return;
      clearTimeout(deadline);
      waiting.delete(notify);
      resolve(ack);
    };
    waiting.add(notify);
  });
}
