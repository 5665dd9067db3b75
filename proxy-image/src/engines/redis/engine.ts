import type { Engine, RoleCheck, RoleCheckArgs } from "../engine.ts";
import { observeSentinels } from "./observe.ts";
import { LOGIN } from "./said.ts";

export const redis: Engine = {
  observe: observeSentinels,
  roleCheck,
  // The image has `maxclients 4300`, for up to four portals and the nodes' own; the server itself never ends an idle one.
  limits: { sessions: 1000, idle: "24h" },
};

/** Each node's own word. */
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
    servers: "",
    server: () => "",
  };
}
