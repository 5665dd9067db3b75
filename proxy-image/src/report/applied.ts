import { chmod, rename, writeFile } from "node:fs/promises";

import type { Memory } from "../judge/memory.ts";
import type { Wanted } from "../model/haproxy.ts";
import type { View } from "../model/view.ts";

/** What the agent knows after its last cycle. */
export interface Snapshot {
  /** Of the document that was judged. */
  readonly digest: string;
  readonly memory: Memory;
  readonly view: View;
  readonly endpoints: Wanted["endpoints"];
  /** When it was judged. */
  readonly at: number;
  /** True when HAProxy has taken over everything that the document says. */
  readonly inForce: boolean;
}

/** What the portal reports of itself: the file that `up` waits for, and the heart of the status page. */
export interface Applied {
  /** Wall-clock milliseconds. Moves every two seconds while the agent lives. */
  readonly at: number;
  readonly portal: string;
  /** Digest of the document that is in force, whole. Null while there is none. */
  readonly digest: string | null;
  readonly refused: { readonly digest: string | null; readonly why: string } | null;
  /** Why the source of documents can't be read, and since when, in wall-clock milliseconds. Null while it can. */
  readonly failing: { readonly why: string; readonly since: number } | null;
  readonly epoch: string | null;
  readonly endpoints: Readonly<Record<string, AppliedEndpoint>>;
}

/** How the supply of documents goes. */
export interface Supply {
  /** The document that was refused last, and not followed by a good one. */
  refused(): Applied["refused"];
  /** Why the source can't say what is there, and since when it can't, in wall-clock milliseconds. */
  failing(): Applied["failing"];
}

interface AppliedEndpoint {
  readonly gate: string;
  /** The nodes that get new connections while the gate is open. */
  readonly nodes: readonly string[];
  readonly why: string;
}

export function appliedOf(
  portal: string,
  snapshot: Snapshot | undefined,
  { refused, failing }: Supply,
  at: number,
): Applied {
  const endpoints = Object.entries(snapshot?.endpoints ?? {}).map(
    ([name, { gate, slots, why }]): [string, AppliedEndpoint] => [
      name,
      { gate, nodes: Object.keys(slots).filter((node) => slots[node] === "ready"), why },
    ],
  );
  return {
    at,
    portal,
    digest: snapshot?.inForce ? snapshot.digest : null,
    refused: refused(),
    failing: failing(),
    epoch: snapshot?.memory.lineage.highest?.epoch.join(".") ?? null,
    endpoints: Object.fromEntries(endpoints),
  };
}

/** Replaces the report so that a reader never sees half of one. Everybody may read it, whatever the process's umask. */
export async function writeApplied(path: string, applied: Applied): Promise<void> {
  const next = `${path}.next`;
  await writeFile(next, `${JSON.stringify(applied, null, 2)}\n`);
  await chmod(next, 0o644);
  await rename(next, path);
}
