import { z } from "zod";

import type { Epoch } from "../../../judge/view.ts";
import type { Key } from "../etcd/reply.ts";

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
export function isTelling(scope: string, key: string): boolean {
  const prefix = prefixOf(scope);
  return key.startsWith(prefix) && TELLING.has(key.slice(prefix.length));
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

const TELLING: ReadonlySet<string> = new Set(["leader", "failover", "config", "initialize"]);

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
