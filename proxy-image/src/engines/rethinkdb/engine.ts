import { randomBytes } from "node:crypto";

import type { ReqlEvidence } from "../../evidence.ts";
import type { Engine, RoleCheck } from "../../observe/engine.ts";
import type { Observer, ObserverArgs } from "../../observe/observer.ts";
import { observeNodes } from "../../observe/polled.ts";
import { createReconnectingClient } from "../../observe/source-client.ts";
import { question, SUCCESS, V1_0 } from "./handshake.ts";
import { viewOf } from "./queries.ts";

export const rethinkdb: Engine = {
  observe: observeReql,
  roleCheck: versionCheck,
  // RethinkDB has no limit of its own, and never ends an idle connection.
  limits: { sessions: 2000, idle: "24h" },
  // The version of the protocol.
  opening: "req.len ge 4",
};

/** Whether a node answers the handshake's first message, which needs no login. It doesn't name itself or its peers then. */
function versionCheck(): RoleCheck {
  return {
    backend: [
      "option tcp-check",
      "tcp-check connect",
      `tcp-check send-binary ${V1_0.toString("hex")}`,
      `tcp-check expect binary ${Buffer.from(SUCCESS).toString("hex")}`,
    ],
  };
}

/** Asks every node who it is and with whom it is connected, by a handshake of its own each time. */
export function observeReql(args: ObserverArgs): Observer {
  const { port } = args.document.evidence as ReqlEvidence;
  return observeNodes(args, {
    client: ({ address }, askNow, identity) =>
      createReconnectingClient({
        ...{ address, port, onClosed: askNow },
        question: () =>
          question(identity().logins.reql ?? NOBODY, randomBytes(NONCE_BYTES).toString("base64")),
      }),
    viewOf,
  });
}

const NONCE_BYTES = 18;

/** Without a login the server's own refusal is the reason. */
const NOBODY = { user: "portal", password: "" };
