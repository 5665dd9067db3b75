import type { CqlEvidence } from "../../evidence.ts";
import type { Role, View } from "../../model/view.ts";
import type { Engine, RoleCheck } from "../../observe/engine.ts";
import type { Observer, ObserverArgs } from "../../observe/observer.ts";
import { observeNodes } from "../../observe/polled.ts";
import type { Polled } from "../../observe/source-state.ts";
import { leaderlessView } from "../../observe/source-state.ts";
import type { Pace } from "../../observe/watch.ts";
import { OPCODE, options } from "./cql.ts";
import type { NodeAnswer } from "./cql-client.ts";
import { createCqlClient } from "./cql-client.ts";

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
  };
}

/** A dead or frozen node is out within a second: one interval, and two deadlines. */
const PACE: Pace = { everyMs: 200, deadlineMs: 300, depth: 1 };

/** Asks every node of a ring, and any of them at once when another one says that it rose or fell. */
export function observeRing(args: ObserverArgs): Observer {
  const { port, cluster } = args.document.evidence as CqlEvidence;
  const askers = new Map<string, () => void>();
  return observeNodes<NodeAnswer>(args, {
    client: ({ address }, askNow, identity) => {
      askers.set(address, askNow);
      return createCqlClient({
        ...{ address, port, login: () => identity().logins.cql },
        onEvent: (changed) => askers.get(changed)?.(),
        onLost: askNow,
      });
    },
    viewOf: (polled, now) => viewOf(polled, cluster, now),
    pace: () => PACE,
  });
}

/** What the nodes of a ring answer, each for itself: nobody leads, and which of them may be asked is the driver's business. */
export function viewOf(polled: Polled<NodeAnswer>, cluster: string, now: number): View {
  return leaderlessView(polled, now, (answer, at) => roleOf(answer, cluster, at), "CQL");
}

function roleOf(answer: NodeAnswer, cluster: string, at: number): Role {
  if (answer.kind === "other") return { kind: "neither", at, why: answer.why };
  if (answer.cluster === cluster) return { kind: "serving", at };
  return { kind: "neither", at, why: `is of the cluster "${answer.cluster}", not of "${cluster}"` };
}
