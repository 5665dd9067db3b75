import type { PatroniEvidence } from "../../evidence.ts";
import type { Engine, RoleCheck, RoleCheckArgs } from "../../observe/engine.ts";
import { observePatroni } from "./observe.ts";

export const postgresql: Engine = {
  observe: observePatroni,
  roleCheck: patroniCheck,
  // Two portals, PostgreSQL's own limit of 100, some of them reserved.
  limits: { sessions: 45, idle: "24h" },
};

/** Each node's own word, over Patroni's REST interface. */
function patroniCheck({ document, route, identity }: RoleCheckArgs): RoleCheck {
  const { patroni } = document.evidence as PatroniEvidence;
  const roles = route === "primary" ? "primary|master" : "primary|master|replica";
  const tls = `check-ssl verify required ca-file ${identity}/ca.crt crt ${identity}/client.crt`;
  return {
    backend: [
      "option httpchk",
      "http-check send meth GET uri /patroni",
      "http-check expect status 200",
      `http-check expect rstring '"state": ?"running"'`,
      `http-check expect rstring '"role": ?"(${roles})"'`,
    ],
    servers: tls,
    server: (node) => `verifyhost ${node} port ${patroni}`,
  };
}
