import type { PortalDocument } from "../contract.ts";
import { engineOf } from "../engines/table.ts";
import type { SparingCheck } from "../observe/engine.ts";
import type { Layout } from "./names.ts";
import { hostOf, ROLES, rolesOf } from "./names.ts";
import { speaks } from "./render-vouch.ts";

/** The address of the frontend through which the nodes are asked for their roles. */
export const rolesSocket = ({ run }: Layout): string => `unix@${run}/roles.sock`;

/**
 * Lets HAProxy's questions for the nodes' roles out only while the agent says nothing: until then each node counts as it did. The agent falls
 * silent no sooner than four seconds after its last word, so that HAProxy has asked again by then.
 */
export function renderRoles(document: PortalDocument, layout: Layout): string | undefined {
  const { roleCheck } = engineOf(document);
  const [first] = Object.values(document.endpoints);
  if (document.fallback === "off" || roleCheck === undefined || first === undefined)
    return undefined;
  const { sparing } = roleCheck({ document, route: first.route, identity: layout.identity });
  return sparing && render(document, layout, sparing);
}

function render(
  { endpoints, nodes }: PortalDocument,
  layout: Layout,
  { path, answer, servers, port }: SparingCheck,
): string {
  const asked = Object.entries(endpoints).flatMap(([endpoint, { node }]) =>
    Object.keys(nodes)
      .filter((name) => node === undefined || name === node)
      .map((name) => [endpoint, name] as const),
  );
  const known = asked.map(
    ([endpoint, node]) =>
      `    http-request set-var(txn.up) bool(true) if { path /${endpoint}/${node} } { srv_is_up(${rolesOf(endpoint)}/${node}) }`,
  );
  return `frontend ${ROLES}
    mode http
    no log
    bind ${rolesSocket(layout)} mode 600
    timeout client 5s
    timeout http-request 5s
    timeout http-keep-alive 1s
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
