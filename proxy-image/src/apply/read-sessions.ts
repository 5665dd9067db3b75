/** One line of `show sess`. */
export interface Session {
  /** A pointer that HAProxy uses again: read, then act at once. */
  readonly id: string;
  readonly source: string;
  readonly port: number;
  readonly frontend: string;
  readonly backend: string;
  readonly server: string;
  /** Of its server's side. `waiting`: queued, or about to try again. `over`: closed, though its client may not know. */
  readonly state: "waiting" | "connecting" | "established" | "over";
}

/** HAProxy's numbers for a connection that has been given a server, and for one that is established. */
const ASSIGNED = 4;
const ESTABLISHED = 8;

/**
 * The answers' flag that they end with the server's side. HAProxy sets it the first time that it looks at a connection which has been
 * established: a session that is ended before that keeps its client for good.
 */
const AUTO_CLOSE = 0x8000;

/** Reads `show sess`. Lines without a source (HAProxy's own, the socket's) are no sessions of clients. */
export function readSessions(block: string): readonly Session[] {
  return block.split("\n").flatMap((line) => {
    const found =
      /^(0x[0-9a-f]+): proto=\S+ src=(\S*):(\d+) fe=(\S+) be=(\S+) srv=(\S+) .* rp\[f=([0-9a-f]+)h.* scb=\[(\d+),/.exec(
        line,
      );
    if (!found) return [];
    const [, id = "", source = "", port, frontend = "", backend = "", server = ""] = found;
    const [flags = "", number] = found.slice(7);
    const state = stateOf(Number(number), Number.parseInt(flags, 16));
    return [{ id, source, port: Number(port), frontend, backend, server, state }];
  });
}

/** Tells a session from others, also from a later one that got its id. */
export const sessionKey = ({ id, source, port }: Session): string => `${id} ${source} ${port}`;

function stateOf(number: number, answers: number): Session["state"] {
  if (number < ASSIGNED) return "waiting";
  if (number > ESTABLISHED) return "over";
  const whole = number === ESTABLISHED && (answers & AUTO_CLOSE) !== 0;
  return whole ? "established" : "connecting";
}

export interface Refusals {
  readonly source: string;
  /** Since HAProxy first saw it in this entry's life. */
  readonly total: number;
}

/** Reads `show table` of a table of refused sources. IPv4 sources are kept there as ::ffff:a.b.c.d. */
export function readRefusals(block: string): readonly Refusals[] {
  return block.split("\n").flatMap((line) => {
    const found = /^0x[0-9a-f]+: key=(\S+) .*\bconn_cnt=(\d+)\b/.exec(line);
    if (!found) return [];
    const [, key = "", count = ""] = found;
    return [{ source: key.replace(/^::ffff:(?=\d+\.)/, ""), total: Number(count) }];
  });
}

export interface Worker {
  readonly pid: number;
  readonly old: boolean;
}

/** Reads the master's `show proc`. */
export function readWorkers(block: string): readonly Worker[] | undefined {
  if (!block.startsWith("#<PID>")) return undefined;
  const old = block.indexOf("# old workers");
  return [...block.matchAll(/^(\d+) +worker /gm)].map(({ 1: pid, index }) => ({
    pid: Number(pid),
    old: old !== -1 && index > old,
  }));
}
