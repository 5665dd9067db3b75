// A node's view of its cluster's health: what is judged of it, and how it is read. Pure.

import { z } from "zod";

import type { Role, View } from "../../model/view.ts";
import { readJson } from "../../observe/json.ts";
import type { Polled } from "../../observe/source-state.ts";
import { answerAt, leaderlessView } from "../../observe/source-state.ts";

/**
 * Every node that answers for the cluster serves everybody, but for one that alone sees the cluster red: it knows no master, or
 * is behind. Where all of them see it red, shards are missing or no master is there, and no node is better than another: what
 * can still be searched is. Pure.
 */
export function viewOf(cluster: string, polled: Polled<Health>, now: number): View {
  const { sources, awakeSince } = polled;
  const seesMore = Object.keys(sources).find((name) => {
    const current = answerAt(sources[name] ?? {}, awakeSince, now);
    if (current.kind === "silent" || current.content.kind !== "health") return false;
    return current.content.cluster === cluster && current.content.status !== "red";
  });
  return leaderlessView(polled, now, (health, at) => roleOf(cluster, health, at, seesMore));
}

function roleOf(cluster: string, health: Health, at: number, seesMore: string | undefined): Role {
  const neither = (why: string): Role => ({ kind: "neither", at, why });
  if (health.kind === "other") return neither(health.why);
  if (health.cluster !== cluster)
    return neither(`answers as the cluster "${health.cluster}", not "${cluster}"`);
  if (health.status === "red" && seesMore !== undefined)
    return neither(`sees the cluster red, unlike ${seesMore}: it knows no master, or is behind`);
  return { kind: "serving", at };
}

/** What a node says of the cluster's health, as it sees it itself. */
export type Health =
  | {
      readonly kind: "health";
      readonly cluster: string;
      /** Red as well while the node knows no master. */
      readonly status: "green" | "yellow" | "red";
    }
  | { readonly kind: "other"; readonly why: string };

export const PATH = "/_cluster/health?local=true";

/** `local`: the node answers by what it knows itself, and no master is asked, frozen or not. Nobody logs in for it. */
export const HEALTH_REQUEST = `GET ${PATH} HTTP/1.1\r\nHost: portico\r\nAccept: application/json\r\n\r\n`;

const Shape = z.object({ cluster_name: z.string(), status: z.enum(["green", "yellow", "red"]) });

/** Servers send about 500 bytes. */
const LONGEST = 64 * 1024;
const START = "HTTP/1.1 ";
const HEAD_END = "\r\n\r\n";

/** Reads what came so far; undefined until it is enough. Never throws, whatever the bytes are. */
export function decodeHealth(reply: Uint8Array): Health | undefined {
  const text = Buffer.from(reply.buffer, reply.byteOffset, reply.length).toString("latin1");
  const begin = text.slice(0, START.length);
  if (begin !== START.slice(0, begin.length)) return NO_HTTP;
  const headEnd = text.indexOf(HEAD_END);
  if (headEnd < 0) return text.length > LONGEST ? NO_HTTP : undefined;
  const head = text.slice(0, headEnd);
  const [, status = ""] = /^HTTP\/1\.1 (\d{3})[ \r]/.exec(`${head}\r`) ?? [];
  if (status === "") return NO_HTTP;
  if (status !== "200") return { kind: "other", why: `answers with status ${status}` };
  const [, digits] = /\r\ncontent-length: *(\d{1,6})(?:\r|$)/i.exec(head) ?? [];
  const length = Number(digits);
  if (digits === undefined || length > LONGEST) return NO_HEALTH;
  const body = reply.subarray(headEnd + HEAD_END.length, headEnd + HEAD_END.length + length);
  return body.length < length ? undefined : healthIn(body);
}

function healthIn(body: Uint8Array): Health {
  const read = readJson(Shape, Buffer.from(body).toString("utf8"));
  if (read.kind === "unreadable") return NO_HEALTH;
  const { cluster_name: cluster, status } = read.value;
  return { kind: "health", cluster, status };
}

const NO_HTTP: Health = { kind: "other", why: "something answers that doesn't speak HTTP" };
const NO_HEALTH: Health = { kind: "other", why: "something answers that is not Elasticsearch" };
