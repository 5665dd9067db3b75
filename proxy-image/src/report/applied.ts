import { chmod, rename, writeFile } from "node:fs/promises";

import type { Snapshot } from "../agent.ts";
import type { Documents } from "../documents.ts";

/** What the portal says of itself: the file that `up` waits for, and the heart of the status page. */
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

interface AppliedEndpoint {
  readonly gate: string;
  /** The nodes that get new connections while the gate is open. */
  readonly nodes: readonly string[];
  readonly why: string;
}

export function appliedOf(
  portal: string,
  snapshot: Snapshot | undefined,
  { refused, failing }: Pick<Documents, "refused" | "failing">,
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
    digest: snapshot?.inForce ? snapshot.service.digest : null,
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
