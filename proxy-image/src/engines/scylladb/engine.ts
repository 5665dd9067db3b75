import type { CqlEvidence } from "../../evidence.ts";
import type { NodeView, View, Word } from "../../model/view.ts";
import { portUnknown } from "../../model/view.ts";
import type { Engine, RoleCheck } from "../../observe/engine.ts";
import { hear } from "../../observe/heard.ts";
import type { Identity, Observer, ObserverArgs } from "../../observe/observer.ts";
import type { Polled } from "../../observe/polled.ts";
import { observePolled } from "../../observe/polled.ts";
import type { Pace } from "../../observe/watch.ts";
import { OPCODE, options } from "./cql.ts";
import type { Said } from "./line.ts";
import { openLine } from "./line.ts";

export const scylladb: Engine = {
  observe: observeRing,
  roleCheck: cqlCheck,
  // Neither ScyllaDB nor Cassandra has a limit of its own, nor an idle time; a driver opens few connections to a node.
  limits: { sessions: 2000, idle: "24h" },
  // A frame's header, which is one byte longer from version 3 on.
  opening: "req.len ge 8",
};

/** Whether the node answers the question that needs no login. */
function cqlCheck(): RoleCheck {
  const supported = Buffer.of(0x84, 0, 0, 0, OPCODE.supported).toString("hex");
  return {
    backend: [
      "option tcp-check",
      "tcp-check connect",
      `tcp-check send-binary ${options(0).toString("hex")}`,
      `tcp-check expect binary ${supported}`,
    ],
    servers: "",
    server: () => "",
  };
}

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

/** What the nodes of a ring say, each for itself: nobody leads, and which of them may be asked is the driver's business. */
export function viewOf({ awakeSince, heard }: Polled<Said>, cluster: string, now: number): View {
  const nodes = Object.fromEntries(
    Object.entries(heard).map(([name, source]): [string, NodeView] => {
      const heeded = hear(source, awakeSince, now);
      const word: Word =
        heeded.kind === "silent"
          ? { kind: "silent", since: heeded.since, why: `CQL ${heeded.why}` }
          : wordOf(heeded.said, cluster, heeded.at);
      return [name, { word, port: portUnknown }];
    }),
  );
  return { quorum: { kind: "leaderless", at: now }, nodes, paused: false };
}

function wordOf(said: Said, cluster: string, at: number): Word {
  if (said.kind === "other") return { kind: "neither", at, why: said.why };
  if (said.cluster === cluster) return { kind: "serving", at };
  return { kind: "neither", at, why: `is of the cluster "${said.cluster}", not of "${cluster}"` };
}
