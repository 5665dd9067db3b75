// Names and paths in haproxy.cfg.

/** The names of an endpoint's parts in haproxy.cfg, which every command and every reply uses. */
export const frontendOf = (endpoint: string): string => `in_${endpoint}`;
export const backendOf = (endpoint: string): string => endpoint;
export const fallbackOf = (endpoint: string): string => `fallback_${endpoint}`;
/** What HAProxy itself sees of the nodes' roles. Nobody is sent there. */
export const rolesOf = (endpoint: string): string => `roles_${endpoint}`;
export const deniedTableOf = (endpoint: string): string => `denied_${endpoint}`;

/**
 * The slot of clients whose leader is gone and has no successor yet. Nobody listens there, so HAProxy asks again
 * and again, until a leader's slot is open. No node has such a name.
 */
export const WAITING = "waiting";

/**
 * Where TLS ends at the portal: the frontend behind the TLS, in which clients of a held endpoint wait, and the backend whose only server
 * leads there.
 */
export const lobbyOf = (endpoint: string): string => `lobby_${endpoint}`;
export const presentTableOf = (endpoint: string): string => `present_${endpoint}`;
export const LOBBY = "lobby";

/**
 * The backend where sessions of a source wait that has used up its share of an endpoint, and the frontend behind it, through which they get
 * what is left.
 */
export const crowdOf = (endpoint: string): string => `crowd_${endpoint}`;
export const CROWD = "crowd";
/** Sessions by source, of those that count towards its share. */
export const shareTableOf = (endpoint: string): string => `share_${endpoint}`;

/** The page for people and Prometheus is guarded like an endpoint, under this name. */
export const STATUS = "status";
/** The frontend of sshd: guarded like an endpoint, under this name. */
export const SSH = "ssh";
export const SSHD = "sshd";
/** The address at which tunnels reach an endpoint, and the source that they show there. */
export const TUNNEL_SOURCE = "127.0.0.1";
/** The backend whose only server is the agent: down means that it is silent, not that it says no. */
export const AGENT = "agent";
/** The frontend that answers the slots' checks: as the agent does, and without the agent by what HAProxy sees itself. */
export const VOUCH = "vouch";
/** The frontend through which HAProxy asks the nodes for their roles, where it asks only while the agent says nothing. */
export const ROLES = "roles";

/** Connections by source, of all endpoints together. */
export const SOURCES = "sources";

/**
 * A variable of HAProxy: the wall clock in milliseconds, as the whitelist's ends are judged by. It follows the clock forwards, and
 * backwards only while the agent answers, which knows what has ended.
 */
export const LATEST = "proc.latest";

/** A variable of HAProxy: its uptime in seconds when the agent spoke last. */
export const SPOKE = "proc.spoke";
/** A variable of HAProxy: whom the agent vouched for when it spoke last, as `vouchedText` writes it. */
export const VOUCHED = "proc.vouched";

/** The most connections that a frontend accepts. */
export const FRONTEND_MAXCONN = 10_000;

/** Descriptors that HAProxy uses at most, where the container lets it have so many: machines on AWS give as many. */
export const DESCRIPTORS = 65_536;

/** Where the container keeps what haproxy.cfg names. */
export interface Layout {
  /** Folder with whitelist.map. */
  readonly folder: string;
  /** Folder with ca.crt, client.crt and client.key. */
  readonly identity: string;
  /** Folder with endings.map, part of the image. */
  readonly image: string;
  /** Folder of the runtime socket. */
  readonly run: string;
  /** Group that may use the runtime socket: the agent's, and HAProxy is in it. */
  readonly group: string;
  /** The socket of what starts an sshd for each connection. */
  readonly sshd: string;
  /** The agent's HTTP server. */
  readonly agent: { readonly host: string; readonly port: number };
  /** Descriptors that HAProxy may have there. */
  readonly descriptors: number;
  /** MiB that the container may use. */
  readonly memory: number;
}

export const LAYOUT: Layout = {
  folder: "/var/lib/portico/haproxy",
  identity: "/etc/portico/identity",
  image: "/usr/local/lib/portico",
  run: "/run/haproxy",
  group: "steering",
  sshd: "/run/tunnel/sshd.sock",
  agent: { host: "127.0.0.1", port: 8405 },
  descriptors: DESCRIPTORS,
  memory: Number.POSITIVE_INFINITY,
};

export const hostOf = (address: string): string =>
  address.includes(":") ? `[${address}]` : address;
