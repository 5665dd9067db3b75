import type { View } from "../../judge/view.ts";
import type { Observer, ObserverArgs } from "../../observe/observer.ts";
import type { Pace } from "../../observe/pace.ts";
import { observePolled } from "../../observe/polled.ts";
import type { Said } from "./member.ts";
import { createMemberLine } from "./member-line.ts";
import type { Known } from "./view-of.ts";
import { viewOf } from "./view-of.ts";

/** Nothing is pushed: how soon a change is known is how often every member is asked. */
const EVERY_MS = 250;
/** While it is not clear who leads, or the one who does is in doubt. */
const IN_DOUBT_MS = 100;
const LEAST_MS = 25;
const DEADLINE_MS = 500;

/** Asks every member of the group, each on a session of its own, what it sees. */
export function observeGroup(args: ObserverArgs): Observer {
  const { document, clock, onChange, log, highest } = args;
  let { identity } = args;
  let known: Known = {
    names: new Map(Object.entries(document.nodes).map(([name, { address }]) => [address, name])),
    turn: highest,
    splitSince: undefined,
    settled: undefined,
  };
  let seen: View | undefined;
  const lines = Object.entries(document.nodes).map(
    ([name, node]) =>
      [
        name,
        (askNow: () => void) =>
          createMemberLine({ name, ...node, identity: () => identity, onDropped: askNow }),
      ] as const,
  );
  return observePolled<Said>({
    lines: Object.fromEntries(lines),
    viewOf(polled, now) {
      const next = viewOf(known, polled, now);
      known = next.known;
      seen = next.view;
      return next.view;
    },
    pace: (_, usual) => paceOf(usual, seen),
    refresh(renewed) {
      identity = renewed;
    },
    ...{ clock, onChange, log },
  });
}

function paceOf({ everyMs }: Pace, seen: View | undefined): Pace {
  const most = seen && isClear(seen) ? EVERY_MS : IN_DOUBT_MS;
  return {
    everyMs: Math.max(LEAST_MS, Math.min(everyMs, most)),
    deadlineMs: DEADLINE_MS,
    depth: 1,
  };
}

function isClear({ quorum, nodes, leaving }: View): boolean {
  if (quorum.kind !== "leader" || leaving) return false;
  return nodes[quorum.node]?.word.kind === "leader";
}
