import type { Engine, RoleCheck, RoleCheckArgs } from "../engine.ts";
import type { GroupReplicationEvidence } from "./evidence.ts";
import { observeGroup } from "./observe.ts";

export const mysql: Engine = {
  observe: observeGroup,
  roleCheck: stewardCheck,
  limits: { sessions: 100, idle: "24h" },
  greets: true,
};

/** Each node's own word by its steward: a login would put a password into HAProxy's file. */
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
