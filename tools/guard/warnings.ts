import ipaddr from "ipaddr.js";

import { breadthOf } from "../../infra/model/breadth.ts";
import { cidrsIn, type DocumentChange } from "./document.ts";
import type { Facts } from "./facts.ts";

/** A /8 of IPv4, a /20 of IPv6: more than any one organisation has. */
const WIDE = { v4: 2 ** -8, v6: 2 ** -20 } as const;

/** Ranges of which no packet comes by the internet. */
const PRIVATE = ["private", "carrierGradeNat", "loopback", "linkLocal", "uniqueLocal"];

/** Entries that a sentence names. */
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
