import { createHash } from "node:crypto";

import { z } from "zod";

import type { Login } from "../../observe/observer.ts";
import type { ViewId } from "./view-id.ts";
import { readViewId } from "./view-id.ts";

/**
 * What one member says of itself and of the group as it sees it: one row a member, so that the whole is of one moment. `switching`:
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

export type Said =
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
export function readRows(raw: unknown): Said {
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
