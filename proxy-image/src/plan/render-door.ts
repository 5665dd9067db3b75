import { deniedTableOf, LATEST } from "./names.ts";
import type { Places } from "./render.ts";

// Two sockets, so that an IPv4 client is never seen as ::ffff:a.b.c.d.
export function binds(port: number, tls = ""): string {
  return `    bind 0.0.0.0:${port} backlog 4096${tls}
.if streq("$PORTICO_IPV6",yes)
    bind [::]:${port} v6only backlog 4096${tls}
.endif`;
}

/**
 * HAProxy would match ::a.b.c.d and 2002:aabb:ccdd:: by the IPv4 entry a.b.c.d, so both are refused first. The whitelist says until when
 * a block may connect, so that an entry ends without the agent.
 */
export function guard(name: string, { folder }: Places): string {
  const table = deniedTableOf(name);
  return `    acl aliased src 2002::/16 ::/96
    tcp-request connection set-var(sess.until) src,map_ip_int(${folder}/whitelist.map,0)
    acl listed date(0,ms),sub(sess.until) lt 0
    acl lasting var(${LATEST}),sub(sess.until) lt 0
    tcp-request connection track-sc1 src table ${table} if aliased or !listed or !lasting
    tcp-request connection reject if aliased or !listed or !lasting`;
}

export function deniedTable(name: string): string {
  // The agent reads all of it every second. Of a flood from more sources, the frontend's own count tells the rest.
  return `backend ${deniedTableOf(name)}
    stick-table type ipv6 size 2k expire 10m store conn_cnt`;
}
