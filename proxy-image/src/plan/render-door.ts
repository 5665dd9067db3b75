import { deniedTableOf } from "./names.ts";
import type { Places } from "./render.ts";

// Two sockets, so that an IPv4 client is never seen as ::ffff:a.b.c.d.
export function binds(port: number, tls = ""): string {
  return `    bind 0.0.0.0:${port} backlog 4096 tcp-ut 10s${tls}
.if streq("$PORTICO_IPV6",yes)
    bind [::]:${port} v6only backlog 4096 tcp-ut 10s${tls}
.endif`;
}

/** HAProxy would match ::a.b.c.d and 2002:aabb:ccdd:: by the IPv4 entry a.b.c.d, so both are refused first. */
export function guard(name: string, { folder }: Places): string {
  const table = deniedTableOf(name);
  return `    acl aliased src 2002::/16 ::/96
    acl listed src -f ${folder}/whitelist.lst
    tcp-request connection track-sc1 src table ${table} if aliased or !listed
    tcp-request connection reject if aliased or !listed`;
}

export function deniedTable(name: string): string {
  return `backend ${deniedTableOf(name)}
    stick-table type ipv6 size 100k expire 10m store conn_cnt,conn_rate(10s)`;
}
