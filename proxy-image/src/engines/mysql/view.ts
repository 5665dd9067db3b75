// What the members of a group answer, in the terms of any engine. Pure.

import type { Epoch, NodeView, Quorum, Role, View } from "../../model/view.ts";
import { compareEpochs } from "../../model/view.ts";
import type { AnswerOrSilence, Polled } from "../../observe/source-state.ts";
import { answerAt } from "../../observe/source-state.ts";
import type { MemberAnswer, ViewId } from "./member.ts";
import { partsOf } from "./member.ts";

/** What the view depends on beside the latest answers. */
export interface Known {
  readonly names: Names;
  readonly term: Term | undefined;
  /** Since when members of one view have named different primaries. */
  readonly splitSince: number | undefined;
  /** The leader that was last seen in no change of the primary. */
  readonly settled: string | undefined;
}

/** Members learn of a change one after the other, and are asked one after the other. From then on it is no transition. */
const TRANSITION_MS = 5000;

/** What the members answer at `now`, in the terms of any engine, and what to know of it the next time. Pure. */
export function viewOf(
  known: Known,
  { sources, awakeSince }: Polled<MemberAnswer>,
  now: number,
): { readonly view: View; readonly known: Known } {
  const { names } = known;
  const answers = Object.fromEntries(
    Object.entries(sources).map(([name, source]) => [name, answerAt(source, awakeSince, now)]),
  );
  const opinions = newest(
    Object.entries(answers).flatMap(([name, answer]) =>
      answer.kind === "answer" && answer.content.kind === "member"
        ? (opinionOf(name, answer.at, answer.content, names) ?? [])
        : [],
    ),
  );
  const splitSince = isSplit(opinions) ? (known.splitSince ?? now) : undefined;
  const { quorum, term } = quorumOf(opinions, { ...known, splitSince }, now);
  const nodes = Object.fromEntries(
    Object.entries(answers).map(([name, current]) => [name, nodeOf(current, names)]),
  );
  const switching = switchingOf(quorum, answers);
  const settled = settledBy(switching, known.settled);
  // A new one is for some milliseconds in the last stage of its own election.
  const leaving = switching?.is === true && switching.leader === settled;
  return {
    view: {
      ...{ quorum, nodes, paused: false },
      ...(leaving && { leaving: { why: `${settled} is to hand over to another node` } }),
    },
    known: { names, term: term ?? known.term, splitSince, settled },
  };
}

/** True while the members contradict each other, or one itself. */
function isSplit(opinions: readonly Opinion[]): boolean {
  const named = new Set(opinions.map(({ primaries }) => primaries.join()));
  return named.size > 1 || opinions.some(({ primaries }) => primaries.length > 1);
}

/** Those of the highest view: whoever is in an older one has not learned yet what became of the group. */
function newest(opinions: readonly Opinion[]): readonly Opinion[] {
  const parts = opinions.map(({ view }) => partsOf(view));
  const [highest] = parts.toSorted((a, b) => compareEpochs(b, a));
  return opinions.filter(({ view }) => highest && compareEpochs(partsOf(view), highest) === 0);
}

function quorumOf(
  opinions: readonly Opinion[],
  { term: before, splitSince }: Known,
  now: number,
): { readonly quorum: Quorum; readonly term?: Term } {
  const [first] = opinions;
  if (!first) {
    return { quorum: { kind: "unknown", why: "no node answers that sees a majority" } };
  }
  const at = Math.min(...opinions.map((opinion) => opinion.at));
  const source = `${opinions.map(({ from }) => from).join(", ")} in view ${first.view.sequence}`;
  const known = { at, source, incarnation: first.group };
  if (splitSince !== undefined) {
    const named = opinions.map(
      ({ from, primaries }) => `${from} names ${primaries.join(" and ") || "nobody"}`,
    );
    const why = `in one view, ${named.join(", ")}`;
    const lasts = now - splitSince >= TRANSITION_MS;
    return { quorum: lasts ? { kind: "conflict", at, why } : { kind: "none", ...known, why } };
  }
  const [primary] = first.primaries;
  if (primary === undefined) {
    return { quorum: { kind: "none", ...known, why: "the group has no primary" } };
  }
  const term = termOf(before, first.view, primary);
  return { quorum: { kind: "leader", node: primary, epoch: term.epoch, ...known }, term };
}

function nodeOf(current: AnswerOrSilence<MemberAnswer>, names: Names): NodeView {
  if (current.kind === "silent") {
    const why = `MySQL ${current.why}`;
    // The one who is asked is the server itself: its silence is that of its port.
    return {
      role: { ...current, why },
      port: { kind: "silent", at: current.since, why },
    };
  }
  const { content, at } = current;
  if (content.kind === "closed") {
    const why = `MySQL ${content.why}`;
    return { role: { kind: "silent", since: at, why }, port: { kind: "closed", at, why } };
  }
  if (content.kind === "other") {
    const { why } = content;
    return { role: { kind: "neither", at, why }, port: { kind: "closed", at, why } };
  }
  return {
    role: roleOf(content, at, names),
    port: { kind: "open", at, why: "MySQL answers" },
    ...(content.kind === "member" && content.group !== "" && { incarnation: content.group }),
  };
}

function roleOf(
  answer: Exclude<MemberAnswer, { kind: "closed" | "other" }>,
  at: number,
  names: Names,
): Role {
  const neither = (why: string): Role => ({ kind: "neither", at, why });
  if (answer.kind === "unreadable") return neither(`answers what can't be read: ${answer.why}`);
  const { own, readOnly } = answer;
  if (own.state === "RECOVERING") return { kind: "replica", at, streaming: false };
  if (own.state !== "ONLINE") return neither(`is ${own.state}`);
  const doubt = doubtOf(answer, names);
  // The group reports no bytes; its flow control holds the primary back where a member can't follow.
  if (own.role === "SECONDARY")
    return { kind: "replica", at, streaming: doubt === undefined, lag: "unmeasured" };
  if (doubt !== undefined) return neither(doubt);
  return readOnly
    ? neither("is the primary, and read-only")
    : { kind: "leader", at, failsafe: false };
}

interface Switching {
  readonly leader: string;
  readonly is: boolean;
}

/** Whoever was settled before stays so until another leads. */
function settledBy(
  switching: Switching | undefined,
  before: string | undefined,
): string | undefined {
  if (switching === undefined || switching.leader === before) return before;
  return switching.is ? undefined : switching.leader;
}

/** Whether the leader says that the primary changes: an operator has asked for another one, and it waits for its transactions. */
function switchingOf(
  quorum: Quorum,
  answers: Readonly<Record<string, AnswerOrSilence<MemberAnswer>>>,
): Switching | undefined {
  if (quorum.kind !== "leader") return undefined;
  const { node } = quorum;
  const current = answers[node];
  if (current?.kind !== "answer" || current.content.kind !== "member") return undefined;
  return { leader: node, is: current.content.switching };
}

/** Nodes of the document, by address. */
type Names = ReadonlyMap<string, string>;

/** What a member that sees a majority says of the group. */
interface Opinion {
  readonly from: string;
  readonly at: number;
  readonly group: string;
  readonly view: ViewId;
  /** The nodes that it names: one, none while there is none, or several, which none is to be believed of. */
  readonly primaries: readonly string[];
}

type MemberReport = Extract<MemberAnswer, { kind: "member" }>;

/**
 * The reason why a member's view proves nothing, or nothing. Reached must be a majority of the group, or it may be the part that was
 * cut off, and online a majority of the cluster: a group that shrank to less could be one of two, and what it acknowledges is on too
 * few disks.
 */
function doubtOf({ own, members, view }: MemberReport, names: Names): string | undefined {
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

function opinionOf(
  from: string,
  at: number,
  answer: MemberReport,
  names: Names,
): Opinion | undefined {
  const { view, group, members } = answer;
  if (!view || doubtOf(answer, names) !== undefined) return undefined;
  const primaries = members
    .filter(({ role }) => role === "PRIMARY")
    .map(({ address }) => names.get(address) ?? address);
  return { from, at, group, view, primaries };
}

/** The last term that was seen: who led, in which epoch. */
interface Term {
  readonly epoch: Epoch;
  readonly node: string;
}

/**
 * The term in which `node` leads in `view`. A change that an operator asks for leaves the view as it is; so the last number of
 * the epoch counts the changes that were seen within one. An older view stays older: it is for others to refuse it.
 */
function termOf(before: Term | undefined, view: ViewId, node: string): Term {
  const parts = partsOf(view);
  if (!before || compareEpochs(parts, before.epoch.slice(0, parts.length)) !== 0) {
    return { epoch: [...parts, 0], node };
  }
  if (before.node === node) return before;
  return { epoch: [...parts, (before.epoch[parts.length] ?? 0) + 1], node };
}
