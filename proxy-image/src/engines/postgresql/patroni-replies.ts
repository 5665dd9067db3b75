// Reads what Patroni reports: of a node, by its REST interface, and of the cluster, by its keys in etcd. Pure.

import { z } from "zod";

import type { Epoch } from "../../model/view.ts";
import { readJson } from "../../observe/json.ts";
import type { Key } from "./etcd-replies.ts";

/** What Patroni reports of its node. Role, position and timeline come from a query that PostgreSQL has just answered. */
export interface PatroniStatus {
  readonly scope: string;
  readonly name: string;
  readonly state: string;
  readonly role: string;
  /** Where a primary's WAL ends, in bytes. Absent unless PostgreSQL itself answered that it is one. */
  readonly location?: number;
  /** Up to where a replica has replayed, in bytes. */
  readonly replayed?: number;
  readonly streaming: boolean;
  readonly paused: boolean;
  readonly failsafe: boolean;
  readonly incarnation?: string;
}

export type StatusReply =
  | { readonly kind: "status"; readonly status: PatroniStatus }
  | { readonly kind: "unreadable"; readonly why: string };

/**
 * Of Patroni's paths that answer with the whole status, this one answers at once: `/patroni` repeats its query for seconds
 * while PostgreSQL starts. No HTTP version, which makes it HTTP/0.9: the reply is then the body alone, in one segment.
 * Patroni sends head and body apart otherwise, and Nagle's algorithm holds the body back until the head is acknowledged,
 * 40 ms later.
 */
export const STATUS_REQUEST = "GET /health\r\n\r\n";

/**
 * Reads the reply so far, with a head or without, and returns undefined until it is whole. The HTTP status is that of
 * `/health`, true or false in one bit, so only the JSON counts. It has no length, but no beginning of an object is one.
 */
export function decodeStatus(reply: Uint8Array): StatusReply | undefined {
  const text = Buffer.from(reply).toString("utf8");
  const hasHead = HTTP.startsWith(text.slice(0, HTTP.length));
  const end = hasHead ? text.indexOf("\r\n\r\n") : -4;
  if (hasHead && end === -1) return undefined;
  const body = text.slice(end + 4).trim();
  if (body === "") return undefined;
  if (!body.startsWith("{")) return { kind: "unreadable", why: "the reply is not Patroni's" };
  return body.endsWith("}") ? readStatus(body) : undefined;
}

function readStatus(body: string): StatusReply | undefined {
  try {
    JSON.parse(body);
  } catch {
    return undefined;
  }
  const read = readJson(Status, body);
  if (read.kind === "unreadable") return read;
  const { patroni, state, role, xlog, database_system_identifier: incarnation } = read.value;
  const { location, replayed_location: replayed } = xlog ?? {};
  return {
    kind: "status",
    status: {
      scope: patroni.scope,
      name: patroni.name,
      state,
      role,
      ...(location !== undefined && { location }),
      ...(replayed !== undefined && { replayed }),
      streaming: read.value.replication_state === "streaming",
      paused: read.value.pause ?? false,
      failsafe: read.value.failsafe_mode_is_active ?? false,
      ...(incarnation && { incarnation }),
    },
  };
}

const HTTP = "HTTP/1.";

/** A position in the WAL. One that JavaScript can't hold exactly, or none, is not known. */
const Position = z.int().min(0).optional().catch(undefined);

const Status = z.object({
  state: z.string(),
  role: z.string(),
  xlog: z.object({ location: Position, replayed_location: Position }).optional(),
  replication_state: z.string().optional(),
  pause: z.boolean().optional(),
  failsafe_mode_is_active: z.boolean().optional(),
  database_system_identifier: z.string().optional(),
  patroni: z.object({ scope: z.string(), name: z.string() }),
});

/** What Patroni's keys in etcd say of the cluster. */
export interface ClusterKeys {
  readonly leader?: { readonly node: string; readonly epoch: Epoch };
  readonly failover?: Failover;
  /** Absent while the cluster has no configuration. */
  readonly paused?: boolean;
  /** PostgreSQL's system identifier. Absent until the first node has made its data. */
  readonly incarnation?: string;
}

/** An order to hand over. Patroni removes it when it is carried out, or can't be. */
export interface Failover {
  /** Tells this order from the next one. */
  readonly revision: number;
  /** Whom it is meant for. Absent: whoever leads. */
  readonly leader?: string;
  readonly candidate?: string;
  /** True: not now, but at some later time. */
  readonly scheduled: boolean;
}

/** Where Patroni keeps a cluster's keys. */
export function prefixOf(scope: string): string {
  return `/service/${scope}/`;
}

/** True for the keys whose change may change a verdict. The others change with every round of Patroni's. */
export function isWatched(scope: string, key: string): boolean {
  const prefix = prefixOf(scope);
  return key.startsWith(prefix) && WATCHED.has(key.slice(prefix.length));
}

/**
 * Reads Patroni's keys. The epoch is the leader key's mod_revision: it rises with each put, so no two holders ever have
 * the same, and Patroni puts the key only when it is taken (renewing it touches the lease alone). Its create_revision
 * would stay as it is when one holder's key is overwritten by the next one's.
 */
export function readClusterKeys(scope: string, keys: readonly Key[]): ClusterKeys {
  const prefix = prefixOf(scope);
  const find = (name: string): Key | undefined => keys.find((key) => key.name === prefix + name);
  const leader = find("leader");
  const failover = readFailover(find("failover"));
  const paused = readPause(find("config"));
  const incarnation = find("initialize")?.value;
  return {
    ...(leader?.value && { leader: { node: leader.value, epoch: [leader.modRevision] } }),
    ...(failover && { failover }),
    ...(paused !== undefined && { paused }),
    ...(incarnation && { incarnation }),
  };
}

const WATCHED: ReadonlySet<string> = new Set(["leader", "failover", "config", "initialize"]);

const FailoverValue = z.object({
  leader: z.string().nullish(),
  member: z.string().nullish(),
  scheduled_at: z.unknown().optional(),
});

const Config = z.object({ pause: z.boolean().nullish() });

function readFailover(key: Key | undefined): Failover | undefined {
  if (!key?.value) return undefined;
  const { leader, member, scheduled_at } = readOrder(key.value);
  if (!leader && !member) return undefined;
  return {
    revision: key.modRevision,
    ...(leader && { leader }),
    ...(member && { candidate: member }),
    scheduled: Boolean(scheduled_at),
  };
}

function readOrder(value: string): z.infer<typeof FailoverValue> {
  const json = parse(value);
  if (json !== undefined) return FailoverValue.safeParse(json).data ?? {};
  // Patroni still takes the form that it used before JSON: "leader:candidate".
  const [leader, member] = value.split(":").map((name) => name.trim());
  return { leader, member };
}

function readPause(key: Key | undefined): boolean | undefined {
  if (!key) return undefined;
  const config = Config.safeParse(parse(key.value));
  return config.success ? config.data.pause === true : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
