import type { Reply } from "./resp.ts";

/** What a source has answered. */
export type Said =
  | ServerSaid
  | SentinelSaid
  /** It answered, but nothing that counts. */
  | { readonly kind: "useless"; readonly why: string };

export type ServerSaid = {
  readonly kind: "server";
  /** Id of the cluster whose data it has, where it tells one. */
  readonly cluster?: string;
  /** Where its stream of writes ends, in bytes. */
  readonly offset: number;
} & (
  | { readonly role: "leader"; readonly replicas: number }
  /** `from`: address of the server that it copies. */
  | { readonly role: "replica"; readonly from: string; readonly linked: boolean }
);

export interface SentinelSaid {
  readonly kind: "sentinel";
  /** Address of the leader. */
  readonly leader: string;
  readonly port: number;
  readonly epoch: number;
  /** It is about to replace the leader that it names, or takes it for down together with others. */
  readonly replaces: boolean;
}

/**
 * The user that every node and Sentinel lets in without a secret, and that may ask for nothing but roles. The password can be
 * anything.
 */
export const LOGIN = ["AUTH", "probe", "portal"] as const;

/** A server's own word, and which cluster's data it has. */
export const SERVER_QUESTION: readonly (readonly string[])[] = [["HELLO", "2", ...LOGIN], ["ROLE"]];

/**
 * What a Sentinel says of the leader. The address is asked between two looks at the epoch, and counts only when both are the
 * same: otherwise it may belong to the one before.
 */
export const sentinelQuestion = (master: string): readonly (readonly string[])[] => [
  LOGIN,
  ["SENTINEL", "MASTER", master],
  ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", master],
  ["SENTINEL", "MASTER", master],
];

/** Reads the replies to `SERVER_QUESTION`. Pure, like the next. */
export function readServer([hello, role]: readonly Reply[]): Said {
  if (role?.kind === "error") return useless(`answers ${clipped(role.text)}`);
  if (hello?.kind === "error") return useless(`answers ${clipped(hello.text)}`);
  if (role?.kind !== "list") return useless("answers what is no role");
  const [kind, second, third, state, end] = role.items;
  const id = textOf(fieldsOf(hello).get("availability_zone"));
  const known = { kind: "server", ...(id !== undefined && id !== "" && { cluster: id }) } as const;
  switch (textOf(kind)) {
    case "master":
      if (second?.kind !== "number" || third?.kind !== "list") break;
      return { ...known, role: "leader", offset: second.value, replicas: third.items.length };
    case "slave": {
      const from = textOf(second);
      if (from === undefined || end?.kind !== "number") break;
      const linked = textOf(state) === "connected";
      return { ...known, role: "replica", from, linked, offset: end.value };
    }
    case "sentinel":
      return useless("answers as a Sentinel");
  }
  return useless("answers what is no role");
}

export function readSentinel([login, first, address, second]: readonly Reply[]): Said {
  const failed = [login, first, address, second].find((reply) => reply?.kind === "error");
  if (failed?.kind === "error") return useless(`answers ${clipped(failed.text)}`);
  const [before, after] = [fieldsOf(first), fieldsOf(second)];
  const epoch = numberOf(textOf(after.get("config-epoch")));
  const [leader, port] = address?.kind === "list" ? address.items.map(textOf) : [];
  const at = numberOf(port);
  if (epoch === undefined || leader === undefined || at === undefined) {
    return useless("answers what is no Sentinel's word");
  }
  if (epoch !== numberOf(textOf(before.get("config-epoch")))) {
    return useless("changed its mind while it answered");
  }
  const flags = (textOf(after.get("flags")) ?? "").split(",");
  // The flags are those of the leader that the failover began with. Once another one is named, that one stays.
  const named = textOf(after.get("ip")) === leader && numberOf(textOf(after.get("port"))) === at;
  const replaces = named && (flags.includes("failover_in_progress") || flags.includes("o_down"));
  return { kind: "sentinel", leader, port: at, epoch, replaces };
}

/** A flat list of names and values. */
function fieldsOf(reply: Reply | undefined): ReadonlyMap<string, Reply> {
  const items = reply?.kind === "list" ? reply.items : [];
  return new Map(
    items.flatMap((item, index): [string, Reply][] => {
      const value = items[index + 1];
      return index % 2 === 0 && item.kind === "text" && value ? [[item.text, value]] : [];
    }),
  );
}

function textOf(reply: Reply | undefined): string | undefined {
  return reply?.kind === "text" ? reply.text : undefined;
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function useless(why: string): Said {
  return { kind: "useless", why };
}

/** An error is a sentence for people: it goes into logs. */
function clipped(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}
