import { converse, type Say } from "./conversation.ts";
import { readAcl } from "./read-stat.ts";
import { addAcl, clearAcl, commitAcl, prepareAcl } from "./runtime-commands.ts";
import { sayQuietly } from "./say-quietly.ts";

export type Swapped =
  | { readonly kind: "swapped"; readonly version: number }
  | { readonly kind: "failed"; readonly why: string };

/** 100,000 entries take about a second; a million were seen to take 19. */
const SWAP_DEADLINE_MS = 60_000;

/** What HAProxy matches for a whitelist: everybody is two blocks, so that `open` changes without a reload. */
export function entriesOf(list: readonly string[] | undefined): readonly string[] {
  return list ?? ["0.0.0.0/0", "::/0"];
}

/**
 * Replaces the whole list in one transaction: a connection is judged by the old one or by the new one, never by a half.
 * All on one interactive connection, so that other clients of the socket stall for milliseconds only.
 */
export function swapWhitelist(
  adminSocket: string,
  file: string,
  list: readonly string[] | undefined,
): Promise<Swapped> {
  return converse(adminSocket, { deadlineMs: SWAP_DEADLINE_MS }, async (say) => {
    const version = await openVersion(say, file);
    if (typeof version === "string") return { kind: "failed", why: version };
    const { id, number } = version;
    try {
      await sayQuietly(
        say,
        entriesOf(list).map((entry) => addAcl(id, number, entry)),
      );
      await sayQuietly(say, [commitAcl(id, number)]);
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
  const shown = await say(["show acl"]);
  if (shown.kind === "failed") return shown.why;
  const acl = readAcl(shown.blocks[0] ?? "", file);
  if (acl === undefined) return `HAProxy has no list ${file}`;
  if (acl.next !== acl.current) {
    await sayQuietly(say, [clearAcl(acl.id, acl.next)]);
    return { id: acl.id, number: acl.next };
  }
  const prepared = await say([prepareAcl(acl.id)]);
  if (prepared.kind === "failed") return prepared.why;
  const number = /^New version created: (\d+)$/m.exec(prepared.blocks[0] ?? "")?.[1];
  if (number === undefined) return `HAProxy opened no new version: ${prepared.blocks[0]}`;
  return { id: acl.id, number: Number(number) };
}
