import type { Said } from "./member.ts";
import type { ViewId } from "./view-id.ts";

/** Nodes of the document, by address. */
export type Names = ReadonlyMap<string, string>;

/** What a member that sees a majority says of the group. */
export interface Opinion {
  readonly from: string;
  readonly at: number;
  readonly group: string;
  readonly view: ViewId;
  /** The nodes that it names: one, none while there is none, or several, which none is to be believed of. */
  readonly primaries: readonly string[];
}

type MemberSaid = Extract<Said, { kind: "member" }>;

/**
 * The reason why a member's view proves nothing, or nothing. Reached must be a majority of the group, or it may be the part that was
 * cut off, and online a majority of the cluster: a group that shrank to less could be one of two, and what it acknowledges is on too
 * few disks.
 */
export function doubtOf({ own, members, view }: MemberSaid, names: Names): string | undefined {
  if (own.state !== "ONLINE" && own.state !== "RECOVERING") return `is ${own.state}`;
  if (!view) return "is in no view of the group";
  const reached = members.filter(({ state }) => state !== "UNREACHABLE").length;
  if (reached * 2 <= members.length) return `reaches ${reached} of ${members.length} members`;
  const online = members.filter(
    ({ address, state }) => state === "ONLINE" && names.has(address),
  ).length;
  if (online * 2 <= names.size) return `sees ${online} of ${names.size} nodes online`;
  return undefined;
}

export function opinionOf(
  from: string,
  at: number,
  said: MemberSaid,
  names: Names,
): Opinion | undefined {
  const { view, group, members } = said;
  if (!view || doubtOf(said, names) !== undefined) return undefined;
  const primaries = members
    .filter(({ role }) => role === "PRIMARY")
    .map(({ address }) => names.get(address) ?? address);
  return { from, at, group, view, primaries };
}
