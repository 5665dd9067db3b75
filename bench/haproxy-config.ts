import type { Facts } from "./facts.ts";

const PATRONI = 8008;

/**
 * Patroni's documented HAProxy configuration, for one server line a node. `inter` is the template's own value or another
 * one. The checks carry the client certificate that this cluster's REST interface asks for.
 */
export function templateConfig({ nodes }: Pick<Facts, "nodes">, inter: "3s" | "250ms"): string {
  const tls = "check-ssl verify required ca-file /identity/ca.crt crt /identity/client.crt";
  const servers = nodes.map(
    ({ name, address }) =>
      `    server ${name} ${address}:5432 maxconn 100 check port ${PATRONI} ${tls} verifyhost ${name}`,
  );
  return `global
    maxconn 100
    ssl-load-extra-del-ext
    ssl-load-extra-files key

defaults
    log global
    mode tcp
    retries 2
    timeout client 30m
    timeout connect 4s
    timeout server 30m
    timeout check 5s

listen primary
    bind *:5000
    option httpchk
    http-check send meth GET uri /primary
    http-check expect status 200
    default-server inter ${inter} fall 3 rise 2 on-marked-down shutdown-sessions
${servers.join("\n")}
`;
}
