import type { Actual, ActualEndpoint, ActualSlot, Room } from "../plan/actual.ts";
import { AGENT, backendOf, fallbackOf, frontendOf, SSH, STATUS, WAITING } from "../plan/names.ts";
import {
  type Acl,
  readAcl,
  readServersState,
  readStat,
  readWorker,
  type Stat,
} from "./read-stat.ts";

/** What is asked of HAProxy in one line to know what it is. The answers are read by `readActual`. */
export const QUESTIONS = ["show info", "show stat -1 5 -1", "show servers state", "show acl"];

export interface Facts {
  readonly worker: string;
  readonly endpoints: Readonly<Record<string, Omit<ActualEndpoint, "door"> & { held: boolean }>>;
  readonly acl: Acl;
  readonly rooms: readonly Room[];
  /** True where this process lets tunnels in. */
  readonly tunnels: boolean;
}

/** Reads the four answers, or says which of them makes no sense. */
export function readFacts(blocks: readonly string[], whitelist: string): Facts | string {
  const [info = "", stat = "", state = "", acls = ""] = blocks;
  const worker = readWorker(info);
  if (worker === undefined) return "the answer to show info names no process";
  const stats = readStat(stat);
  if (stats === undefined) return "the answer to show stat can't be read";
  const servers = readServersState(state);
  if (servers === undefined) return "the answer to show servers state can't be read";
  const acl = readAcl(acls, whitelist);
  if (acl === undefined) return `HAProxy has no list ${whitelist}`;

  const sessions = new Map(stats.map((row) => [`${row.proxy}/${row.service}`, row.sessions]));
  const frontends = stats.filter(isEndpointFrontend);
  const endpoints = frontends.map(({ proxy, limit }): [string, Facts["endpoints"][string]] => {
    const endpoint = proxy.slice("in_".length);
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
    return [endpoint, { held: limit === 0, slots: nodes, ...(waiting && { waiting }) }];
  });
  const tunnels = stats.some(({ proxy }) => proxy === frontendOf(SSH));
  const rooms = roomsOf(info, stats);
  return { worker, endpoints: Object.fromEntries(endpoints), acl, rooms, tunnels };
}

/** The process's limit follows from the descriptors that it was given. */
function roomsOf(info: string, stats: readonly Stat[]): readonly Room[] {
  const number = (key: string) => Number(new RegExp(`^${key}: (\\d+)$`, "m").exec(info)?.[1] ?? 0);
  const portal = { name: "this portal", used: number("CurrConns"), limit: number("Maxconn") };
  const slots = stats
    .filter(({ proxy, service }) => service !== "FRONTEND" && service !== AGENT && proxy !== STATUS)
    .map(({ proxy, service, sessions, limit }) => ({
      name: `${service} on ${proxy.replace(/^fallback_/, "")}`,
      used: sessions,
      limit,
    }));
  return [portal, ...slots].filter(({ limit }) => limit > 0);
}

/** Sessions by slot in a worker from before a reload. */
export function readOldSlots(block: string): Actual["oldWorkers"][number]["slots"] | undefined {
  const stats = readStat(block);
  if (stats === undefined) return undefined;
  const slots = new Map<string, { endpoint: string; node: string; sessions: number }>();
  for (const { proxy, service: node, sessions } of stats) {
    const endpoint = proxy.replace(/^fallback_/, "");
    // An SSH session ends when its key or its source does, not with a node.
    if (sessions === 0 || proxy.startsWith("in_") || proxy === SSH) continue;
    const key = `${endpoint}/${node}`;
    slots.set(key, { endpoint, node, sessions: (slots.get(key)?.sessions ?? 0) + sessions });
  }
  return [...slots.values()];
}

function isEndpointFrontend({ proxy, service }: Stat): boolean {
  const own = [STATUS, SSH].map(frontendOf);
  return service === "FRONTEND" && proxy.startsWith("in_") && !own.includes(proxy);
}
