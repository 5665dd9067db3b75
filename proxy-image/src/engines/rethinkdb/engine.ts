import type { Engine, RoleCheck } from "../engine.ts";
import { SUCCESS, V1_0 } from "./handshake.ts";
import { observeReql } from "./observe.ts";

export const rethinkdb: Engine = {
  observe: observeReql,
  roleCheck: versionCheck,
  // RethinkDB has no limit of its own, and never ends an idle connection.
  limits: { sessions: 2000, idle: "24h" },
  // The version of the protocol.
  opening: "req.len ge 4",
};

/** Whether a node answers the handshake's first word, which needs no login. Who it is and who is with it, it doesn't tell then. */
function versionCheck(): RoleCheck {
  return {
    backend: [
      "option tcp-check",
      "tcp-check connect",
      `tcp-check send-binary ${V1_0.toString("hex")}`,
      `tcp-check expect binary ${Buffer.from(SUCCESS).toString("hex")}`,
    ],
    servers: "",
    server: () => "",
  };
}
