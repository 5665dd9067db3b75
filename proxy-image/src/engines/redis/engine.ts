import type { SentinelEvidence } from "../../evidence.ts";
import type { View } from "../../model/view.ts";
import type { Engine, RoleCheck, RoleCheckArgs } from "../../observe/engine.ts";
import type { Observer, ObserverArgs } from "../../observe/observer.ts";
import { observePolled } from "../../observe/polled.ts";
import { createRespClient, subscribe } from "./connections.ts";
import type { RedisAnswer } from "./replies.ts";
import { LOGIN, readSentinel, readServer, SERVER_QUESTION, sentinelQuestion } from "./replies.ts";
import { sentinelOf, viewOf } from "./view.ts";

export const redis: Engine = {
  observe: observeSentinels,
  roleCheck,
  // The image has `maxclients 4300`, for up to four portals and the nodes' own; the server itself never ends an idle one.
  limits: { sessions: 1000, idle: "24h" },
};

/** The role that each node reports itself. */
function roleCheck({ route }: RoleCheckArgs): RoleCheck {
  const roles = route === "primary" ? "string master" : "rstring (master|slave)";
  return {
    backend: [
      "option tcp-check",
      `tcp-check send "${LOGIN.join(" ")}\\r\\n"`,
      "tcp-check expect string +OK",
      'tcp-check send "ROLE\\r\\n"',
      `tcp-check expect ${roles}`,
    ],
  };
}

/** Sentinels answer in a fraction of a millisecond. While the leader that they name leads, what they publish tells of a change. */
const SENTINELS_MS = { calm: 750, otherwise: 250 } as const;

function sentinelsMs({ quorum, nodes, leaving }: View): number {
  const leads = quorum.kind === "leader" && nodes[quorum.node]?.role.kind === "leader";
  return leads && !leaving ? SENTINELS_MS.calm : SENTINELS_MS.otherwise;
}

/** Observes servers that Sentinels watch: one on every node. */
function observeSentinels({ document, clock, onChange, log }: ObserverArgs): Observer {
  const { master, sentinel } = document.evidence as SentinelEvidence;
  const nodes = Object.entries(document.nodes);
  const asks = new Set<() => void>();
  const sentinels = new Set(nodes.map(([name]) => sentinelOf(name)));
  const askAll = (): void => {
    for (const ask of asks) ask();
  };
  const clientOf =
    (args: Omit<Parameters<typeof createRespClient<RedisAnswer>>[0], "onClosed">) =>
    (askNow: () => void) => {
      asks.add(askNow);
      return createRespClient<RedisAnswer>({ ...args, onClosed: askNow });
    };
  const observer = observePolled<RedisAnswer>({
    clients: Object.fromEntries(
      nodes.flatMap(([name, { address, port }]) => [
        [name, clientOf({ address, port, question: SERVER_QUESTION, read: readServer })],
        [
          sentinelOf(name),
          clientOf({
            ...{ address, port: sentinel, question: sentinelQuestion(master) },
            read: readSentinel,
          }),
        ],
      ]),
    ),
    viewOf: (polled, now) => viewOf(document.nodes, polled, now),
    pace: (source, usual, told) =>
      sentinels.has(source) ? { ...usual, everyMs: sentinelsMs(told) } : usual,
    ...{ clock, onChange, log },
  });
  const subscriptions = nodes.map(([, { address }]) =>
    subscribe({ address, port: sentinel, master, onMessage: askAll }),
  );
  return {
    ...observer,
    stop() {
      for (const each of subscriptions) each.stop();
      observer.stop();
    },
  };
}
