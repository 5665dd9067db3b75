import { z } from "zod";

import { readJson } from "../../../observe/json.ts";

/** What a node's Patroni says of it. Role, position and timeline come from a query that PostgreSQL has just answered. */
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
 * `/health`, true or false in one bit, so only the JSON counts. It tells no length, but no beginning of an object is one.
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
