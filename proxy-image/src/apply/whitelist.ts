import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import type { Whitelist } from "../judge/whitelist.ts";
import type { Actual, OldWorker } from "../plan/actual.ts";
import type { HaproxyEvent, Revoked } from "./answers.ts";
import { WHITELIST, writeWhitelist } from "./configure.ts";
import type { Told } from "./end-sessions.ts";
import { mapLinesOf } from "./map-lines.ts";
import { revokeSessions } from "./revoke.ts";
import { swapWhitelist } from "./whitelist-swap.ts";

const RETRY_MS = 1_000;
/** A session that waits for a node is looked at again this often, for as long as HAProxy lets one wait. */
const LOOK_AGAIN_MS = 250;
const LONGEST_WAIT_MS = 150_000;

export interface WhitelistArgs {
  readonly adminSocket: string;
  readonly masterSocket: string;
  readonly folder: string;
  readonly onEvent: (event: HaproxyEvent) => void;
}

/** The list in force: which one it is, and its replacement, one at a time. */
export function createWhitelist(args: WhitelistArgs) {
  const file = join(args.folder, WHITELIST);
  let inForce: { worker: string; version: number; digest: string } | undefined;
  let changing: string | undefined;
  let told: string | undefined;

  const revokeLater = async (
    list: Whitelist,
    digest: string,
    oldWorkers: readonly OldWorker[],
    tunnels: boolean,
    told: Told,
  ): Promise<void> => {
    const pids = oldWorkers.map(({ pid }) => pid);
    for (let waited = 0; waited < LONGEST_WAIT_MS; waited += LOOK_AGAIN_MS) {
      await pause(LOOK_AGAIN_MS, undefined, { ref: false });
      if (inForce?.digest !== digest) return;
      const looked = await revokeSessions(args, pids, list, tunnels, told);
      if (looked.kind === "failed") continue;
      if (looked.revoked.length > 0) {
        args.onEvent({ kind: "late-revoked", revoked: looked.revoked });
      }
      if (looked.waiting === 0) return;
    }
  };

  return {
    file,
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
      const endings: Told = new Map();
      const put = await putWhitelist(args, file, list, oldWorkers, tunnels, endings).catch(
        (error: Error): Failed => ({ kind: "failed", inForce: false, why: error.message }),
      );
      if (put.kind === "failed") {
        const telling = `${digest} ${put.inForce} ${put.why}`;
        if (telling !== told) args.onEvent({ ...put, kind: "whitelist-failed", digest });
        told = telling;
        // Not at once again: with 100,000 entries a failure would keep HAProxy busy.
        setTimeout(() => {
          changing = undefined;
        }, RETRY_MS).unref();
        return;
      }
      changing = undefined;
      told = undefined;
      inForce = { worker, version: put.version, digest };
      const ms = Math.round(performance.now() - started);
      const { revoked } = put;
      args.onEvent({ kind: "whitelist-in-force", digest, entries: list?.length ?? 0, ms, revoked });
      if (put.waiting > 0) void revokeLater(list, digest, oldWorkers, tunnels, endings);
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
  sockets: { readonly adminSocket: string; readonly masterSocket: string },
  file: string,
  list: Whitelist,
  oldWorkers: readonly OldWorker[],
  tunnels: boolean,
  told: Told,
): Promise<Put> {
  // A full disk must not keep a revoked source in: the running process comes first where the file can't be written.
  const lines = mapLinesOf(list);
  const written = await writeWhitelist(dirname(file), lines).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const swapped = await swapWhitelist(sockets.adminSocket, file, lines);
  if (swapped.kind === "failed") return { ...swapped, inForce: false };
  const pids = oldWorkers.map(({ pid }) => pid);
  const revocation = await revokeSessions(sockets, pids, list, tunnels, told);
  if (revocation.kind === "failed") return { ...revocation, inForce: false };
  if (written !== undefined) return { kind: "failed", inForce: true, why: `${file}: ${written}` };
  const { revoked, waiting } = revocation;
  return { kind: "put", version: swapped.version, revoked, waiting };
}
