import type { Engine, RoleCheck, RoleCheckArgs } from "../engine.ts";
import { encodeHello } from "./hello.ts";
import { observeReplicaSet } from "./observe.ts";

export const mongodb: Engine = {
  observe: observeReplicaSet,
  roleCheck: helloCheck,
  // The server's own limit is 65,536 or what the descriptors allow; a portal's frontend has 10,000.
  limits: { sessions: 5000, idle: "24h" },
  // A message's header.
  opening: "req.len ge 16",
};

/** Each member's own word. BSON's boolean: its type, its name, and 1. */
function helloCheck({ route }: RoleCheckArgs): RoleCheck {
  const leads = Buffer.concat([
    Buffer.from([8]),
    Buffer.from("isWritablePrimary\0"),
    Buffer.from([1]),
  ]);
  const said = route === "primary" ? leads : Buffer.from("setName\0");
  return {
    backend: [
      "option tcp-check",
      "tcp-check connect",
      `tcp-check send-binary ${encodeHello(1).toString("hex")}`,
      `tcp-check expect binary ${said.toString("hex")}`,
    ],
    servers: "",
    server: () => "",
  };
}
