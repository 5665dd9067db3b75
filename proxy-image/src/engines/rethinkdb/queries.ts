// What a RethinkDB server reports of itself and the cluster: how it is judged, asked for and read. Pure.

import { z } from "zod";

import type { Role, View } from "../../model/view.ts";
import { readJson } from "../../observe/json.ts";
import type { Polled } from "../../observe/source-state.ts";
import { leaderlessView } from "../../observe/source-state.ts";

/**
 * Every server that bears its node's name and is with the majority of the nodes serves everybody. One that is cut off from the
 * others still greets drivers, and can neither read nor write a table for them. Pure.
 */
export function viewOf(polled: Polled<ServerAnswer>, now: number): View {
  const names = Object.keys(polled.sources);
  return leaderlessView(polled, now, (answer, at, name) => roleOf(name, names, answer, at));
}

function roleOf(name: string, names: readonly string[], answer: ServerAnswer, at: number): Role {
  const neither = (why: string): Role => ({ kind: "neither", at, why });
  if (answer.kind === "other") return neither(answer.why);
  if (answer.name !== name) return neither(`answers as the server "${answer.name}", not "${name}"`);
  const present = names.filter((other) => answer.connected.includes(other)).length;
  if (present <= names.length / 2)
    return neither(`sees ${present} of ${names.length} servers: it is not with the majority`);
  return { kind: "serving", at };
}

/** What a server reports of itself and the cluster. */
export type ServerAnswer =
  | {
      readonly kind: "server";
      readonly name: string;
      /** Names of the servers that it is connected to, its own included. */
      readonly connected: readonly string[];
    }
  | { readonly kind: "other"; readonly why: string };

/** Numbers of RethinkDB's ql2.proto. */
const QUERY = { start: 1, serverInfo: 5 } as const;
const TERM = { db: 14, table: 15, getField: 31, coerceTo: 51 } as const;
const RESPONSE = { atom: 1, serverInfo: 5 } as const;

const TOKEN = { info: 1, names: 2 } as const;
/** Token and length come before a message's JSON. */
const HEAD = 12;
/** Seven servers' names take less than 1 kB. */
const LONGEST = 32 * 1024;

/**
 * Who the server is, and the names in `rethinkdb.server_status`: it makes that table of its own connections, and asks no other
 * server for it.
 */
export const QUERIES: Buffer = Buffer.concat([
  encodeQuery(TOKEN.info, [QUERY.serverInfo]),
  encodeQuery(TOKEN.names, [
    QUERY.start,
    [
      TERM.coerceTo,
      [
        [TERM.getField, [[TERM.table, [[TERM.db, ["rethinkdb"]], "server_status"]], "name"]],
        "array",
      ],
    ],
  ]),
]);

/** Reads the answers to both queries, in whichever order they come; undefined until they are whole. Never throws. */
export function decodeAnswers(bytes: Buffer): ServerAnswer | undefined {
  const answers = new Map<number, string>();
  for (let at = 0; answers.size < 2; ) {
    if (bytes.length < at + HEAD) return undefined;
    const [token, high] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    const length = bytes.readUInt32LE(at + 8);
    const isOurs = token === TOKEN.info || token === TOKEN.names;
    if (!isOurs || high !== 0 || answers.has(token) || length > LONGEST) return NO_ANSWER;
    const end = at + HEAD + length;
    if (bytes.length < end) return undefined;
    answers.set(token, bytes.toString("utf8", at + HEAD, end));
    at = end;
  }
  const [info, names] = [TOKEN.info, TOKEN.names].map((token) => answers.get(token) ?? "");
  const server = readJson(Info, info ?? "");
  if (server.kind === "unreadable") return refusal("doesn't say who it is", info);
  const connected = readJson(Names, names ?? "");
  if (connected.kind === "unreadable") return refusal("doesn't say who is connected", names);
  return { kind: "server", name: server.value.r[0].name, connected: connected.value.r[0] };
}

const Info = z.object({
  t: z.literal(RESPONSE.serverInfo),
  r: z.tuple([z.object({ name: z.string() })]),
});
const Names = z.object({ t: z.literal(RESPONSE.atom), r: z.tuple([z.array(z.string())]) });
const Failure = z.object({ t: z.int().min(16), r: z.tuple([z.string()]) });

const NO_ANSWER: ServerAnswer = { kind: "other", why: "answers to what nobody asked" };

function refusal(what: string, answer = ""): ServerAnswer {
  const failure = readJson(Failure, answer);
  const why = failure.kind === "read" ? failure.value.r[0].slice(0, 200) : failure.why;
  return { kind: "other", why: `${what}: ${why}` };
}

function encodeQuery(token: number, query: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(query));
  const head = Buffer.alloc(HEAD);
  head.writeUInt32LE(token, 0);
  head.writeUInt32LE(json.length, 8);
  return Buffer.concat([head, json]);
}
