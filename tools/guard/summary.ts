// What a person reads about an update, refused or not: changes of whitelists, counts, and what is most likely not meant.
import ipaddr from "ipaddr.js";

import { breadthOf } from "../../infra/model/block.ts";
import type { Content, DocumentChange, Entry, Facts } from "./facts.ts";
import { cidrsIn } from "./facts.ts";
import type { Op, Step } from "./preview.ts";

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

/** How many resources an update creates, changes, replaces and deletes. Components are names, not things: they don't count. */
export interface Counts {
  /** Undefined: what belongs to the whole stack. */
  readonly deployment: string | undefined;
  readonly operations: Readonly<Partial<Record<Op, number>>>;
}

export function countsIn({ changes, ownerOf }: Facts): readonly Counts[] {
  const groups = new Map<string | undefined, Partial<Record<Op, number>>>();
  for (const step of changes) {
    if (!isThing(step)) continue;
    const { deployment } = ownerOf(step);
    const operations = groups.get(deployment) ?? {};
    operations[step.op] = (operations[step.op] ?? 0) + 1;
    groups.set(deployment, operations);
  }
  return [...groups]
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1))
    .map(([deployment, operations]) => ({ deployment, operations }));
}

function isThing({ type, old, new: next }: Step): boolean {
  return (next ?? old)?.custom !== false && !type.startsWith("pulumi:providers:");
}

/** A /8 of IPv4, a /20 of IPv6: more than any one organisation has. */
const WIDE = { v4: 2 ** -8, v6: 2 ** -20 } as const;

/** Ranges of which no packet comes by the internet. */
const PRIVATE = ["private", "carrierGradeNat", "loopback", "linkLocal", "uniqueLocal"];

/** How many entries a sentence names. */
const MOST = 3;

/** Whitelists whose union is wider than anybody's network. */
export function tooWide({ documents }: Facts): readonly string[] {
  return documents.flatMap(({ deployment, after }) => {
    const breadth = breadthOf(cidrsIn(after));
    return (
      [
        ["IPv4", breadth.v4, WIDE.v4],
        ["IPv6", breadth.v6, WIDE.v6],
      ] as const
    )
      .filter(([, share, most]) => share > most)
      .map(
        ([family, share]) =>
          `The whitelist of ${deployment} lets in ${percent(share)} of all ${family} addresses.`,
      );
  });
}

/** On AWS portals are reached by public address. */
export function reachesNobody({ documents }: Facts): readonly string[] {
  return documents.filter(isOnAws).flatMap(({ deployment, after }) => {
    const found = cidrsIn(after).filter((cidr) =>
      PRIVATE.includes(ipaddr.parseCIDR(cidr)[0].range()),
    );
    if (found.length === 0) return [];
    const more = found.length > MOST ? ` and ${found.length - MOST} more` : "";
    return [
      `Private ranges on the whitelist of ${deployment} match nobody, since clients come by the internet: ${found.slice(0, MOST).join(", ")}${more}.`,
    ];
  });
}

function isOnAws({ step }: DocumentChange): boolean {
  return step.type.startsWith("aws:");
}

function percent(share: number): string {
  return share >= 0.0001 ? `${Number((share * 100).toPrecision(2))}%` : "more than a millionth";
}
