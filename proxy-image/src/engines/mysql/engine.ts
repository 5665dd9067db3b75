import type { GroupReplicationEvidence } from "../../evidence.ts";
import type { View } from "../../model/view.ts";
import type { Engine, RoleCheck, RoleCheckArgs } from "../../observe/engine.ts";
import type { Observer, ObserverArgs } from "../../observe/observer.ts";
import { observeNodes } from "../../observe/polled.ts";
import type { Pace } from "../../observe/watch.ts";
import type { MemberAnswer } from "./member.ts";
import { createMemberClient } from "./session.ts";
import type { Known } from "./view.ts";
import { viewOf } from "./view.ts";

export const mysql: Engine = {
  observe: observeGroup,
  roleCheck: stewardCheck,
  limits: { sessions: 100, idle: "24h" },
  greets: true,
};

/** The role that each node's steward reports: a login would put a password into HAProxy's file. */
function stewardCheck({ document, route, identity }: RoleCheckArgs): RoleCheck {
  const { steward } = document.evidence as GroupReplicationEvidence;
  const role = route === "primary" ? "primary" : "replica";
  return {
    backend: [
      "option httpchk",
      `http-check send meth GET uri /${role}`,
      "http-check expect status 200",
    ],
    servers: `check-ssl verify required ca-file ${identity}/ca.crt crt ${identity}/client.crt`,
    server: (node) => `verifyhost ${node} port ${steward}`,
  };
}

/** Nothing is pushed: how soon a change is known is how often every member is asked. */
const EVERY_MS = 250;
/** While it is not clear who leads, or the one who does is in doubt. */
const IN_DOUBT_MS = 100;
const LEAST_MS = 25;
const DEADLINE_MS = 500;

/** Asks every member of the group, each on a session of its own, what it sees. */
function observeGroup(args: ObserverArgs): Observer {
  let known: Known = {
    names: new Map(
      Object.entries(args.document.nodes).map(([name, { address }]) => [address, name]),
    ),
    term: args.highest,
    splitSince: undefined,
    settled: undefined,
  };
  let seen: View | undefined;
  return observeNodes<MemberAnswer>(args, {
    client: (node, onDropped, identity) => createMemberClient({ ...node, identity, onDropped }),
    viewOf(polled, now) {
      const next = viewOf(known, polled, now);
      known = next.known;
      seen = next.view;
      return next.view;
    },
    pace: (_, usual) => paceOf(usual, seen),
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
  return nodes[quorum.node]?.role.kind === "leader";
}
