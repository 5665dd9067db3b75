// HAProxy's replies, read. Pure.

/** What `show stat` says of one frontend, backend or server. */
export interface Stat {
  readonly proxy: string;
  /** FRONTEND, BACKEND or the server's name. */
  readonly service: string;
  readonly sessions: number;
  /** Its maxconn. 0: none. */
  readonly limit: number;
  /** Connections that a rule of a frontend refused. */
  readonly denied: number;
}

/** Reads `show stat`. Columns are found by name, since versions add to them. Undefined: it isn't that. */
export function readStat(block: string): readonly Stat[] | undefined {
  const [head = "", ...rows] = block.split("\n");
  if (!head.startsWith("# ")) return undefined;
  const columns = head.slice(2).split(",");
  const [proxy, service, sessions, limit] = ["pxname", "svname", "scur", "slim"].map((name) =>
    columns.indexOf(name),
  );
  if (proxy !== 0 || service === undefined || sessions === undefined || limit === undefined) {
    return undefined;
  }
  if (service < 0 || sessions < 0 || limit < 0) return undefined;
  const denied = columns.indexOf("dcon");
  return rows
    .filter((row) => row !== "")
    .map((row) => row.split(","))
    .map((cells) => ({
      proxy: cells[proxy] ?? "",
      service: cells[service] ?? "",
      sessions: Number(cells[sessions] ?? 0),
      limit: Number(cells[limit] ?? 0),
      denied: Number(cells[denied] ?? 0),
    }));
}

export interface ServerState {
  readonly backend: string;
  readonly server: string;
  readonly admin: "ready" | "drain" | "maint";
  readonly up: boolean;
}

const MAINT = 0x01 | 0x02 | 0x20;
const DRAIN = 0x08 | 0x10;

/** Reads `show servers state`, format 1: fields 2, 4, 6 and 7 are backend, server, operation and administration. */
export function readServersState(block: string): readonly ServerState[] | undefined {
  const [version, head = "", ...rows] = block.split("\n");
  if (version !== "1" || !head.startsWith("# be_id be_name srv_id srv_name srv_addr srv_op_state"))
    return undefined;
  return rows
    .filter((row) => row !== "")
    .map((row) => row.split(" "))
    .map(([, backend = "", , server = "", , operation, administration]) => {
      const flags = Number(administration);
      const admin = flags & MAINT ? "maint" : flags & DRAIN ? "drain" : "ready";
      // 0 is stopped; 1 and 2 are starting and running; 3 is stopping softly.
      return { backend, server, admin, up: operation === "1" || operation === "2" };
    });
}

/** The process that answered `show info`: a pid alone may come again. */
export function readWorker(block: string): string | undefined {
  const pid = /^Pid: (\d+)$/m.exec(block)?.[1];
  const start = /^Start_time_sec: (\d+)$/m.exec(block)?.[1];
  return pid === undefined || start === undefined ? undefined : `${pid}@${start}`;
}

export interface MapFile {
  /** `#<n>`: shorter on a command line than the file's path. */
  readonly id: string;
  readonly current: number;
  readonly next: number;
}

/** Finds a file's map in `show map`. */
export function readMap(block: string, file: string): MapFile | undefined {
  const line = block.split("\n").find((text) => text.includes(` (${file}) `));
  const found = /^(\d+) .* curr_ver=(\d+) next_ver=(\d+) /.exec(line ?? "");
  if (!found) return undefined;
  return { id: `#${found[1]}`, current: Number(found[2]), next: Number(found[3]) };
}

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
