import type { Content, DocumentChange, Entry } from "./document.ts";

/** One line of a whitelist that comes, goes, or says something else. */
export interface WhitelistChange {
  readonly sign: "+" | "-" | "~";
  readonly deployment: string;
  /** The block; or what happens to the whole document. */
  readonly cidr: string;
  readonly entry?: Entry;
  /** For `~`: what it said before. */
  readonly was?: Entry;
}

export function whitelistChanges(documents: readonly DocumentChange[]): readonly WhitelistChange[] {
  return documents.flatMap(({ deployment, before, after }) => {
    for (const content of [before, after])
      if (content.kind === "unreadable")
        return [{ sign: "~", deployment, cidr: `the document ${content.why}` }];
    const [old, next] = [whitelistOf(before), whitelistOf(after)];
    const cidrs = [...new Set([...old.keys(), ...next.keys()])].sort();
    return [
      ...opening(deployment, isOpen(before), isOpen(after)),
      ...cidrs.flatMap((cidr) => change(deployment, cidr, old.get(cidr), next.get(cidr))),
    ];
  });
}

function opening(deployment: string, was: boolean, is: boolean): readonly WhitelistChange[] {
  return was === is ? [] : [{ sign: is ? "+" : "-", deployment, cidr: "everybody (open: true)" }];
}

function change(
  deployment: string,
  cidr: string,
  was: Entry | undefined,
  entry: Entry | undefined,
): readonly WhitelistChange[] {
  if (entry === undefined)
    return was === undefined ? [] : [{ sign: "-", deployment, cidr, entry: was }];
  if (was === undefined) return [{ sign: "+", deployment, cidr, entry }];
  if (was.note === entry.note && was.until === entry.until) return [];
  return [{ sign: "~", deployment, cidr, entry, was }];
}

function whitelistOf(content: Content): ReadonlyMap<string, Entry> {
  return content.kind === "document" ? content.whitelist : new Map();
}

function isOpen(content: Content): boolean {
  return content.kind === "document" && content.open;
}
