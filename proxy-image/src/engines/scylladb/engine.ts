import type { Engine, RoleCheck } from "../engine.ts";
import { OPCODE } from "./cql/frame.ts";
import { options } from "./cql/request.ts";
import { observeRing } from "./observe.ts";

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
