import type { PortalDocument } from "../contract.ts";
import { engineOf } from "../engines/table.ts";
import type { SparingCheck } from "../observe/engine.ts";
import type { Layout } from "./names.ts";
import { hostOf, ROLES, rolesOf } from "./names.ts";
import { checksFrontend, nodesOf, speaks } from "./render-vouch.ts";

/** The address of the frontend through which the nodes are asked for their roles. */
export const rolesSocket = ({ run }: Layout): string => `unix@${run}/roles.sock`;

/**
 * Lets HAProxy's questions for the nodes' roles out only while the agent says nothing: until then each node counts as it did. The agent falls
 * silent no sooner than four seconds after its last word, so that HAProxy has asked again by then. Undefined where the engine's check
 * asks the nodes by itself.
 */
export function renderRoles(document: PortalDocument, layout: Layout): string | undefined {
  const { roleCheck } = engineOf(document);
  const [first] = Object.values(document.endpoints);
  if (roleCheck === undefined || first === undefined) return undefined;
  const { sparing } = roleCheck({ document, route: first.route, identity: layout.identity });
  return sparing && render(document, layout, sparing);
}

function render(
  document: PortalDocument,
  layout: Layout,
  { path, answer, servers, port }: SparingCheck,
): string {
  const { endpoints, nodes } = document;
  const known = Object.entries(endpoints).flatMap(([name, endpoint]) =>
    nodesOf(endpoint, document).map(
      ([node]) =>
        `    http-request set-var(txn.up) bool(true) if { path /${name}/${node} } { srv_is_up(${rolesOf(name)}/${node}) }`,
    ),
  );
  return `${checksFrontend(ROLES, rolesSocket(layout))}
    acl spoken ${speaks}
${known.join("\n")}
    http-request return status 200 content-type application/json string '${answer}' if spoken { var(txn.up) -m bool }
    http-request return status 503 if spoken
    http-request set-var(txn.node) path,field(3,/)
    http-request set-path ${path}
    default_backend ${ROLES}

# Of who is asked nobody else can answer.
backend ${ROLES}
    mode http
    no log
    retries 0
    no option redispatch
    timeout connect 1s
    timeout server 1s
${Object.keys(nodes)
  .map((node) => `    use-server ${node} if { var(txn.node) -m str ${node} }`)
  .join("\n")}
${Object.entries(nodes)
  .map(
    ([node, { address }]) =>
      `    server ${node} ${hostOf(address)}:${port} weight 0 ${servers} verifyhost ${node}`,
  )
  .join("\n")}`;
}
