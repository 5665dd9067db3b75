import type { Identity, Observer, ObserverArgs } from "../../observe/observer.ts";
import type { Pace } from "../../observe/pace.ts";
import { observePolled } from "../../observe/polled.ts";
import type { CqlEvidence } from "./evidence.ts";
import type { Said } from "./line.ts";
import { openLine } from "./line.ts";
import { viewOf } from "./view-of.ts";

/** A dead or frozen node is out within a second: one turn, and two deadlines. */
const PACE: Pace = { everyMs: 200, deadlineMs: 300, depth: 1 };

/** Asks every node of a ring, and any of them at once when another one says that it rose or fell. */
export function observeRing({ document, identity, ...rest }: ObserverArgs): Observer {
  const { port, cluster } = document.evidence as CqlEvidence;
  let known: Identity = identity;
  const askers = new Map<string, () => void>();
  const lines = Object.fromEntries(
    Object.entries(document.nodes).map(([name, { address }]) => [
      name,
      (askNow: () => void) => {
        askers.set(address, askNow);
        return openLine({
          address,
          port,
          login: () => known.logins.cql,
          onEvent: (changed) => askers.get(changed)?.(),
          onLost: askNow,
        });
      },
    ]),
  );
  return observePolled<Said>({
    ...rest,
    lines,
    viewOf: (polled, now) => viewOf(polled, cluster, now),
    pace: () => PACE,
    refresh: (renewed) => {
      known = renewed;
    },
  });
}
