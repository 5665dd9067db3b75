// Reads what a MySQL server sends: its greeting before the login, and its row of the group. Pure.

import { createHash } from "node:crypto";
import { z } from "zod";

import { readJson } from "../../observe/json.ts";
import type { Login } from "../../observe/observer.ts";

/**
 * What one member reports of itself and of the group as it sees it: one row a member, so that the whole is of one moment. `switching`:
 * the stages in which a change of the primary is under way, and the lock by which a node's steward announces one. `noted`: what the
 * primary's steward notes of the bootstrap.
 */
export const questionOf = (login: Login): string => `
SELECT m.MEMBER_HOST AS host, m.MEMBER_PORT AS port, m.MEMBER_STATE AS state, m.MEMBER_ROLE AS role,
  m.MEMBER_ID = @@server_uuid AS own, @@global.super_read_only AS readOnly,
  @@global.group_replication_group_name AS \`group\`,
  (SELECT VIEW_ID FROM performance_schema.replication_group_member_stats
    WHERE MEMBER_ID = @@server_uuid) AS viewId,
  (SELECT ATTRIBUTE FROM information_schema.USER_ATTRIBUTES
    WHERE CONCAT(USER, '@', HOST) = CURRENT_USER()) AS noted,
  (SELECT COUNT(*) FROM performance_schema.events_stages_current
    WHERE EVENT_NAME LIKE 'stage/group_rpl/Primary %')
    + (IS_USED_LOCK('${lockOf(login)}') IS NOT NULL) AS switching
FROM performance_schema.replication_group_members m`;

/** Every user may take a lock by its name, so nobody but portals and stewards can know this one. */
function lockOf({ password }: Login): string {
  return `portico_${createHash("sha256").update(`handover ${password}`).digest("hex").slice(0, 40)}`;
}

const Flag = z.union([z.literal(0), z.literal(1)]).transform((flag) => flag === 1);

const Row = z.object({
  host: z.string(),
  port: z.number().nullable(),
  state: z.string(),
  role: z.string(),
  own: Flag,
  readOnly: Flag,
  group: z.string(),
  viewId: z.string().nullable(),
  noted: z.unknown().optional(),
  switching: z.number(),
});

const Rows = z.array(Row);

export interface Member {
  readonly address: string;
  readonly port: number;
  readonly state: string;
  readonly role: string;
}

export type MemberAnswer =
  | {
      readonly kind: "member";
      readonly own: Member;
      readonly members: readonly Member[];
      readonly readOnly: boolean;
      /** Name of the group that it belongs to: drawn when the cluster was made, kept through every bootstrap since. */
      readonly group: string;
      /** Absent while it is in no group. */
      readonly view?: ViewId;
      readonly switching: boolean;
    }
  /** The server refused, or closed the connection: at once, not after misses, since that is no delay. */
  | { readonly kind: "closed"; readonly why: string }
  /** Something else answers, or a server that the portal can't speak with. */
  | { readonly kind: "other"; readonly why: string }
  | { readonly kind: "unreadable"; readonly why: string };

/** Reads the rows of the question. Never throws. */
export function readRows(raw: unknown): MemberAnswer {
  const read = Rows.safeParse(raw);
  if (!read.success) {
    const [issue] = read.error.issues;
    return {
      kind: "unreadable",
      why: `${issue?.path.join(".")}: ${issue?.message ?? "has another shape"}`,
    };
  }
  const rows = read.data;
  const own = rows.find((row) => row.own);
  if (!own) return { kind: "unreadable", why: "it doesn't list itself" };
  const view = readViewId(own.viewId ?? "", own.noted);
  return {
    kind: "member",
    own: memberOf(own),
    members: rows.map(memberOf),
    readOnly: own.readOnly,
    group: own.group,
    ...(view && { view }),
    switching: rows.some(({ switching }) => switching > 0),
  };
}

function memberOf({ host, port, state, role }: z.infer<typeof Row>): Member {
  return { address: host, port: port ?? 0, state, role };
}

/** Which view of which bootstrap of the group: two numbers of a view id, as numbers that JavaScript holds exactly. */
export interface ViewId {
  /**
   * When the group was bootstrapped, in two parts: seconds, and ten-millionths of one. Rises from bootstrap to bootstrap, since a
   * primary whose clock was behind notes a number of its own in place of the seconds.
   */
  readonly bootstrap: readonly [number, number];
  /** Rises by one with each member that comes or goes. */
  readonly sequence: number;
}

const Noted = z.object({ bootstrap: z.string(), number: z.int().nonnegative() });

/** Reads a view id such as `17641365012345678:7`, with what is noted of its bootstrap. */
function readViewId(text: string, noted?: unknown): ViewId | undefined {
  const [, high, low, sequence] = /^(\d{1,13})(\d{7}):(\d{1,15})$/.exec(text) ?? [];
  if (high === undefined || low === undefined || sequence === undefined) return undefined;
  const note = readJson(Noted, typeof noted === "string" ? noted : "");
  const isOfThis = note.kind === "read" && note.value.bootstrap === `${high}${low}`;
  const first = isOfThis ? note.value.number : Number(high);
  return { bootstrap: [first, Number(low)], sequence: Number(sequence) };
}

export const partsOf = ({ bootstrap, sequence }: ViewId): readonly [number, number, number] => [
  ...bootstrap,
  sequence,
];

/** What a server sends to whoever connects, before any login. */
export type Greeting =
  /** Whole, and nothing else came; or a server's refusal, which the driver reads. */
  | { readonly kind: "greeting"; readonly bytes: Buffer }
  | { readonly kind: "other"; readonly why: string };

/** Length, in three bytes, and number of a packet come before its payload. */
const HEAD = 4;
/** Servers send about 80 bytes. */
const LONGEST = 1024;
const VERSION = 10;
const REFUSAL = 0xff;
/** Between the server's version, which a zero ends, and its capabilities: the connection's number, a challenge, a zero. */
const BEFORE_CAPABILITIES = 4 + 8 + 1;
const TLS = 0x0800;

/**
 * Reads what came so far; undefined until it is enough. Never throws, whatever the bytes are. What follows a greeting was sent before
 * TLS, by anybody: the driver would take it for an answer to the login.
 */
export function decodeGreeting(reply: Uint8Array): Greeting | undefined {
  const bytes = Buffer.from(reply.buffer, reply.byteOffset, reply.length);
  if (bytes.length < HEAD - 1) return undefined;
  const length = bytes.readUIntLE(0, HEAD - 1);
  const [number = 0, version = VERSION] = bytes.subarray(HEAD - 1);
  if (length === 0 || length > LONGEST || number !== 0) return foreign(bytes);
  if (version !== VERSION && version !== REFUSAL) {
    return version < VERSION
      ? other(`speaks MySQL's protocol ${version}, which is too old`)
      : foreign(bytes);
  }
  if (bytes.length < HEAD + length) return undefined;
  if (bytes.length > HEAD + length) return other("says more than MySQL's greeting before TLS");
  if (version === REFUSAL) return { kind: "greeting", bytes };
  const capabilities = bytes.indexOf(0, HEAD + 1) + 1 + BEFORE_CAPABILITIES;
  if (capabilities === BEFORE_CAPABILITIES || capabilities + 2 > bytes.length)
    return foreign(bytes);
  if ((bytes.readUInt16LE(capabilities) & TLS) === 0) return other("speaks MySQL without TLS");
  return { kind: "greeting", bytes };
}

const other = (why: string): Greeting => ({ kind: "other", why });

function foreign(bytes: Buffer): Greeting {
  const [text = ""] = /^[ -~]{0,40}/.exec(bytes.toString("latin1", 0, 40)) ?? [];
  const shown = text.length >= HEAD - 1 ? `"${text}"` : bytes.toString("hex", 0, 8);
  return other(`speaks no MySQL: it begins with ${shown}`);
}
