import { converse, type Say } from "./conversation.ts";
import type { MapLine } from "./map-lines.ts";
import { readMap } from "./read-stat.ts";
import { addToMap, clearMap, commitMap, prepareMap } from "./runtime-commands.ts";
import { sayQuietly } from "./say-quietly.ts";

export type Swapped =
  | { readonly kind: "swapped"; readonly version: number }
  | { readonly kind: "failed"; readonly why: string };

/** 100,000 entries take about a second; a million were seen to take 19. */
const SWAP_DEADLINE_MS = 60_000;

/**
 * Replaces the whole list in one transaction: a connection is judged by the old one or by the new one, never by a half.
 * All on one interactive connection, so that other clients of the socket stall for milliseconds only.
 */
export function swapWhitelist(
  adminSocket: string,
  file: string,
  lines: readonly MapLine[],
): Promise<Swapped> {
  return converse(adminSocket, { deadlineMs: SWAP_DEADLINE_MS }, async (say) => {
    const version = await openVersion(say, file);
    if (typeof version === "string") return { kind: "failed", why: version };
    const { id, number } = version;
    try {
      await sayQuietly(
        say,
        lines.map(({ key, value }) => addToMap(id, number, key, value)),
      );
      await sayQuietly(say, [commitMap(id, number)]);
    } catch (error) {
      return { kind: "failed", why: (error as Error).message };
    }
    return { kind: "swapped", version: number };
  });
}

/** Two versions open at once have crashed HAProxy: one that a broken swap left behind is emptied and used. */
async function openVersion(
  say: Say,
  file: string,
): Promise<{ readonly id: string; readonly number: number } | string> {
  const hello = await say(["prompt"]);
  if (hello.kind === "failed") return hello.why;
  const shown = await say(["show map"]);
  if (shown.kind === "failed") return shown.why;
  const map = readMap(shown.blocks[0] ?? "", file);
  if (map === undefined) return `HAProxy has no list ${file}`;
  if (map.next !== map.current) {
    await sayQuietly(say, [clearMap(map.id, map.next)]);
    return { id: map.id, number: map.next };
  }
  const prepared = await say([prepareMap(map.id)]);
  if (prepared.kind === "failed") return prepared.why;
  const number = /^New version created: (\d+)$/m.exec(prepared.blocks[0] ?? "")?.[1];
  if (number === undefined) return `HAProxy opened no new version: ${prepared.blocks[0]}`;
  return { id: map.id, number: Number(number) };
}
