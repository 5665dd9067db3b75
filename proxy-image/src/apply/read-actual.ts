import type { Actual, ActualEndpoint, ActualSlot, Capacity } from "../model/haproxy.ts";
import {
  AGENT,
  backendOf,
  CROWD,
  crowdOf,
  fallbackOf,
  frontendOf,
  LATEST,
  LOBBY,
  lobbyOf,
  SSH,
  STATUS,
  WAITING,
} from "../plan/names.ts";
import type { MapFile, Stat } from "./replies.ts";
import { readMap, readServersState, readStat, readWorker } from "./replies.ts";

/** The commands that show what HAProxy is, sent in one line. `readFacts` reads the answers. */
export const READ_COMMANDS = [
  "show info",
  "show stat -1 5 -1",
  "show servers state",
  "show map",
  `get var ${LATEST}`,
];

export interface Facts {
  readonly worker: string;
  /** `held`: all its parts have stopped, whoever did it, for however long. `ending`: only some have. */
  readonly endpoints: Readonly<Record<string, ActualEndpoint>>;
  /** By endpoint: the frontends at which a hold stops accept(). Behind TLS that ends here it is the lobby's. The crowd's always. */
  readonly stops: ReadonlyMap<string, readonly string[]>;
  readonly map: MapFile;
  readonly capacities: readonly Capacity[];
  /** See `Actual`. */
  readonly latest: number | undefined;
  /** True where this process lets tunnels in. */
  readonly tunnels: boolean;
}

/** Reads the answers, or says which of them makes no sense. */
export function readFacts(blocks: readonly string[], whitelist: string): Facts | string {
  const [info = "", stat = "", state = "", maps = "", latest = ""] = blocks;
  const worker = readWorker(info);
  if (worker === undefined) return "the answer to show info names no process";
  const stats = readStat(stat);
  if (stats === undefined) return "the answer to show stat can't be read";
  const servers = readServersState(state);
  if (servers === undefined) return "the answer to show servers state can't be read";
  const map = readMap(maps, whitelist);
  if (map === undefined) return `HAProxy has no list ${whitelist}`;

  const sessions = new Map(stats.map((row) => [`${row.proxy}/${row.service}`, row.sessions]));
  const frontends = stats.filter(({ service }) => service === "FRONTEND");
  const stops = new Map<string, readonly string[]>();
  const endpoints = frontends.filter(isEndpointFrontend).map((own): [string, ActualEndpoint] => {
    const endpoint = own.proxy.slice("in_".length);
    const slots = servers
      .filter(({ backend }) => backend === backendOf(endpoint))
      .map(({ server, admin, up }): [string, ActualSlot] => [
        server,
        {
          admin,
          up,
          sessions: sessions.get(`${backendOf(endpoint)}/${server}`) ?? 0,
          fallbackSessions: sessions.get(`${fallbackOf(endpoint)}/${server}`) ?? 0,
        },
      ]);
    const { [WAITING]: waiting, ...nodes } = Object.fromEntries(slots);
    const of = (name: string) => frontends.filter(({ proxy }) => proxy === name);
    const lobby = of(lobbyOf(endpoint));
    const stopped = [...of(crowdOf(endpoint)), ...(lobby.length > 0 ? lobby : [own])];
    const led = servers.some(
      ({ backend, server, admin }) =>
        backend === lobbyOf(endpoint) && server === LOBBY && admin === "ready",
    );
    stops.set(
      endpoint,
      stopped.map(({ proxy }) => proxy),
    );
    const frontend = holdStateOf([
      ...stopped.map(({ limit }) => limit === 0),
      ...lobby.map(() => led),
    ]);
    return [endpoint, { frontend, slots: nodes, ...(waiting && { waiting }) }];
  });
  const tunnels = stats.some(({ proxy }) => proxy === frontendOf(SSH));
  const capacities = capacitiesOf(info, stats);
  return {
    worker,
    endpoints: Object.fromEntries(endpoints),
    stops,
    map,
    capacities,
    tunnels,
    latest: readLatest(latest),
  };
}

/** `proc.latest: type=sint value=<1795913145468>`, or that there is no such variable. */
function readLatest(block: string): number | undefined {
  const latest = /value=<(\d+)>/.exec(block)?.[1];
  return latest === undefined ? undefined : Number(latest);
}

/** The process's limit follows from the descriptors that it was given. */
function capacitiesOf(info: string, stats: readonly Stat[]): readonly Capacity[] {
  const number = (key: string) => Number(new RegExp(`^${key}: (\\d+)$`, "m").exec(info)?.[1] ?? 0);
  const portal = { name: "this portal", used: number("CurrConns"), limit: number("Maxconn") };
  const frontends = stats
    .filter(({ proxy, service }) => service === "FRONTEND" && proxy.startsWith("in_"))
    .map(({ proxy, sessions, limit }) => ({
      name: `this portal's ${proxy.slice("in_".length)}`,
      used: sessions,
      limit,
    }));
  const slots = stats
    .filter(({ proxy, service }) => service !== "FRONTEND" && service !== AGENT && proxy !== STATUS)
    .map(({ proxy, service, sessions, limit }) => ({
      name:
        service === CROWD
          ? `what ${proxy.replace(/^crowd_/, "")} has for sources that have their share`
          : `${service} on ${proxy.replace(/^fallback_/, "")}`,
      used: sessions,
      limit,
    }));
  return [portal, ...frontends, ...slots].filter(({ limit }) => limit > 0);
}

/** Sessions by slot in a worker from before a reload. */
export function readOldSlots(block: string): Actual["oldWorkers"][number]["slots"] | undefined {
  const stats = readStat(block);
  if (stats === undefined) return undefined;
  const slots = new Map<string, { endpoint: string; node: string; sessions: number }>();
  for (const { proxy, service: node, sessions } of stats) {
    const endpoint = proxy.replace(/^fallback_/, "");
    // An SSH session ends when its key or its source does, not with a node.
    if (sessions === 0 || /^(in|lobby|crowd)_/.test(proxy) || proxy === SSH) continue;
    const key = `${endpoint}/${node}`;
    slots.set(key, { endpoint, node, sessions: (slots.get(key)?.sessions ?? 0) + sessions });
  }
  return [...slots.values()];
}

/** By the parts of a hold: whether each is in force. */
function holdStateOf(parts: readonly boolean[]): ActualEndpoint["frontend"] {
  if (parts.every(Boolean)) return "held";
  return parts.some(Boolean) ? "ending" : "accepting";
}

function isEndpointFrontend({ proxy, service }: Stat): boolean {
  const own = [STATUS, SSH].map(frontendOf);
  return service === "FRONTEND" && proxy.startsWith("in_") && !own.includes(proxy);
}
