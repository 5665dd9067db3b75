// The whitelist on its last step: the lines that HAProxy matches, in the file that a new process reads and in the process that runs.

import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import ipaddr from "ipaddr.js";

import { replaceFile } from "../files.ts";
import type { Actual, OldWorker, Whitelist } from "../model/haproxy.ts";
import type { EndRequests } from "./end-sessions.ts";
import { readMap } from "./replies.ts";
import type { HaproxyEvent, Revoked } from "./results.ts";
import { revokeSessions } from "./revoke.ts";
import { addToMap, clearMap, commitMap, prepareMap } from "./runtime-commands.ts";
import type { Send } from "./runtime-socket.ts";
import { sendChecked, withRuntimeSocket } from "./runtime-socket.ts";

const RETRY_MS = 1_000;
/** A session that waits for a node is looked at again this often, for as long as HAProxy lets one wait. */
const LOOK_AGAIN_MS = 250;
const LONGEST_WAIT_MS = 150_000;

export interface WhitelistArgs {
  readonly adminSocket: string;
  readonly masterSocket: string;
  readonly file: WhitelistFile;
  readonly onEvent: (event: HaproxyEvent) => void;
}

/** whitelist.map, where a start or a reload of HAProxy finds the list. Nobody else writes it. */
export interface WhitelistFile {
  /** As haproxy.cfg names it. */
  readonly path: string;
  /** One write at a time, and the one that was asked for last is last. */
  write(lines: readonly MapLine[]): Promise<void>;
}

/** `folder`: that of haproxy.cfg. */
export function createWhitelistFile(folder: string): WhitelistFile {
  const path = join(folder, "whitelist.map");
  let last: Promise<unknown> = Promise.resolve();
  return {
    path,
    write(lines) {
      const text = lines.map(({ key, value }) => `${key} ${value}\n`).join("");
      const written = last.then(() => replaceFile(path, text));
      last = written.catch(() => {});
      return written;
    },
  };
}

/** The list in force: which one it is, and its replacement, one at a time. */
export function createWhitelist(args: WhitelistArgs) {
  let inForce: { worker: string; version: number; digest: string } | undefined;
  let changing: string | undefined;
  let reported: string | undefined;

  const revokeLater = async (
    list: Whitelist,
    digest: string,
    oldWorkers: readonly OldWorker[],
    tunnels: boolean,
    requested: EndRequests,
  ): Promise<void> => {
    const pids = oldWorkers.map(({ pid }) => pid);
    for (let waited = 0; waited < LONGEST_WAIT_MS; waited += LOOK_AGAIN_MS) {
      await pause(LOOK_AGAIN_MS, undefined, { ref: false });
      if (inForce?.digest !== digest) return;
      const looked = await revokeSessions(args, pids, list, tunnels, requested);
      if (looked.kind === "failed") continue;
      if (looked.revoked.length > 0) {
        args.onEvent({ kind: "late-revoked", revoked: looked.revoked });
      }
      if (looked.waiting === 0) return;
    }
  };

  return {
    /** What the process `worker` matches, given the version that it says it has. */
    state(worker: string, version: number): Actual["whitelist"] {
      if (changing !== undefined) return { kind: "changing", digest: changing };
      if (inForce?.worker === worker && inForce.version === version) {
        return { kind: "known", digest: inForce.digest };
      }
      return { kind: "unknown", why: "this agent did not put it there" };
    },
    async put(
      list: Whitelist,
      digest: string,
      worker: string,
      oldWorkers: readonly OldWorker[],
      tunnels: boolean,
    ): Promise<void> {
      if (changing !== undefined) return;
      changing = digest;
      const started = performance.now();
      const requested: EndRequests = new Map();
      const put = await putWhitelist(args, list, oldWorkers, tunnels, requested).catch(
        (error: Error): Failed => ({ kind: "failed", inForce: false, why: error.message }),
      );
      if (put.kind === "failed") {
        const report = `${digest} ${put.inForce} ${put.why}`;
        if (report !== reported) args.onEvent({ ...put, kind: "whitelist-failed", digest });
        reported = report;
        // Not at once again: with 100,000 entries a failure would keep HAProxy busy.
        setTimeout(() => {
          changing = undefined;
        }, RETRY_MS).unref();
        return;
      }
      changing = undefined;
      reported = undefined;
      inForce = { worker, version: put.version, digest };
      const ms = Math.round(performance.now() - started);
      const { revoked } = put;
      args.onEvent({ kind: "whitelist-in-force", digest, entries: list?.length ?? 0, ms, revoked });
      if (put.waiting > 0) void revokeLater(list, digest, oldWorkers, tunnels, requested);
    },
  };
}

type Put =
  | {
      readonly kind: "put";
      readonly version: number;
      readonly revoked: readonly Revoked[];
      readonly waiting: number;
    }
  | Failed;

interface Failed {
  readonly kind: "failed";
  readonly inForce: boolean;
  readonly why: string;
}

/**
 * Puts a list in force: on disk, so that a restart comes back with it; in the running process; and on the sessions that
 * the former list had let in.
 */
async function putWhitelist(
  { file, ...sockets }: Omit<WhitelistArgs, "onEvent">,
  list: Whitelist,
  oldWorkers: readonly OldWorker[],
  tunnels: boolean,
  requested: EndRequests,
): Promise<Put> {
  // A full disk must not keep a revoked source in: the running process comes first where the file can't be written.
  const lines = mapLinesOf(list);
  const written = await file.write(lines).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const swapped = await swapWhitelist(sockets.adminSocket, file.path, lines);
  if (swapped.kind === "failed") return { ...swapped, inForce: false };
  const pids = oldWorkers.map(({ pid }) => pid);
  const revocation = await revokeSessions(sockets, pids, list, tunnels, requested);
  if (revocation.kind === "failed") return { ...revocation, inForce: false };
  if (written !== undefined)
    return { kind: "failed", inForce: true, why: `${file.path}: ${written}` };
  const { revoked, waiting } = revocation;
  return { kind: "put", version: swapped.version, revoked, waiting };
}

export type Swapped =
  | { readonly kind: "swapped"; readonly version: number }
  | { readonly kind: "failed"; readonly why: string };

/** 100,000 entries take about a second; a million were seen to take 19. */
const SWAP_DEADLINE_MS = 60_000;

/**
 * Replaces the whole list in one transaction: a connection is judged by the old one or by the new one, never by a half.
 * All on one interactive connection, so that other clients of the socket stall for milliseconds only.
 */
function swapWhitelist(
  adminSocket: string,
  file: string,
  lines: readonly MapLine[],
): Promise<Swapped> {
  return withRuntimeSocket(adminSocket, { deadlineMs: SWAP_DEADLINE_MS }, async (send) => {
    const version = await openVersion(send, file);
    if (typeof version === "string") return { kind: "failed", why: version };
    const { id, number } = version;
    try {
      await sendChecked(
        send,
        lines.map(({ key, value }) => addToMap(id, number, key, value)),
      );
      await sendChecked(send, [commitMap(id, number)]);
    } catch (error) {
      return { kind: "failed", why: (error as Error).message };
    }
    return { kind: "swapped", version: number };
  });
}

/** Two versions open at once have crashed HAProxy: one that a broken swap left behind is emptied and used. */
async function openVersion(
  send: Send,
  file: string,
): Promise<{ readonly id: string; readonly number: number } | string> {
  const hello = await send(["prompt"]);
  if (hello.kind === "failed") return hello.why;
  const shown = await send(["show map"]);
  if (shown.kind === "failed") return shown.why;
  const map = readMap(shown.blocks[0] ?? "", file);
  if (map === undefined) return `HAProxy has no list ${file}`;
  if (map.next !== map.current) {
    await sendChecked(send, [clearMap(map.id, map.next)]);
    return { id: map.id, number: map.next };
  }
  const prepared = await send([prepareMap(map.id)]);
  if (prepared.kind === "failed") return prepared.why;
  const number = /^New version created: (\d+)$/m.exec(prepared.blocks[0] ?? "")?.[1];
  if (number === undefined) return `HAProxy opened no new version: ${prepared.blocks[0]}`;
  return { id: map.id, number: Number(number) };
}

/** 9999-12-31: what has no end. */
const NEVER = 253_402_300_799_000;

/** A line of whitelist.map: HAProxy matches the source by the key and compares its clock, in milliseconds, with the value. */
export interface MapLine {
  readonly key: string;
  readonly value: number;
}

/** Everybody is two blocks, so that `open` changes without a reload. */
const EVERYBODY: readonly MapLine[] = ["0.0.0.0/0", "::/0"].map((key) => ({ key, value: NEVER }));

/**
 * What HAProxy matches for a whitelist. It takes the longest block that a source is in, so a block within others lasts as long as
 * the one that lasts longest.
 */
export function mapLinesOf(list: Whitelist): readonly MapLine[] {
  if (list === undefined) return EVERYBODY;
  const lineOf = (cidr: string, until: number) => ({ key: cidr, value: Math.min(until, NEVER) });
  if (list.every(({ until }) => until === Number.POSITIVE_INFINITY))
    return list.map(({ cidr, until }) => lineOf(cidr, until));
  const blocks = list.map(({ cidr, until }) => ({ cidr, until, bits: bitsOf(cidr) }));
  const untils = new Map(blocks.map(({ bits, until }) => [bits, until]));
  const lengths = [...new Set(blocks.map(({ bits }) => bits.length))];
  return blocks.map(({ cidr, until, bits }) => {
    if (until === Number.POSITIVE_INFINITY) return lineOf(cidr, until);
    const outer = lengths
      .filter((length) => length < bits.length)
      .map((length) => untils.get(bits.slice(0, length)) ?? 0);
    return lineOf(cidr, Math.max(until, ...outer));
  });
}

const BITS = Array.from({ length: 256 }, (_, byte) => byte.toString(2).padStart(8, "0"));

/** The network's bits as text, behind its family: a block is within another one if its bits begin with the other's. */
function bitsOf(cidr: string): string {
  // The common case, without ipaddr.js: 100,000 entries would keep the agent's loop for a second.
  if (!cidr.includes(":")) {
    const [address = "", bits] = cidr.split("/");
    const number = address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
    return `ipv4${number.toString(2).padStart(32, "0").slice(0, Number(bits))}`;
  }
  const [ip, length] = ipaddr.parseCIDR(cidr);
  const bits = ip.toByteArray().map((byte) => BITS[byte]);
  return `${ip.kind()}${bits.join("").slice(0, length)}`;
}
