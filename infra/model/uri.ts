/** A place where a client connects. */
export interface Host {
  readonly host: string;
  readonly port: number;
}

export interface Connection {
  readonly hosts: readonly Host[];
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly route: "primary" | "replica";
  /** Absolute path of a file with the deployment's authority. */
  readonly caFile: string;
}

/**
 * A URI that `psql` takes as it is. It names every portal, and libpq tries them in turn. `tcp_user_timeout` gives up a
 * portal whose machine is gone; `connect_timeout` would give up one that is holding the client until there is a leader.
 */
export function postgresqlUri({
  hosts,
  user,
  password,
  database,
  route,
  caFile,
}: Connection): string {
  const at = hosts.map(({ host, port }) => `${host}:${port}`).join(",");
  const options = [
    `target_session_attrs=${route === "primary" ? "read-write" : "any"}`,
    "sslmode=verify-full",
    `sslrootcert=${caFile.split("/").map(encodeURIComponent).join("/")}`,
    "tcp_user_timeout=5000",
  ];
  const [who, secret, what] = [user, password, database].map(encodeURIComponent);
  return `postgresql://${who}:${secret}@${at}/${what}?${options.join("&")}`;
}

/** One URI a portal, for clients that take one host only. */
export function postgresqlUris(connection: Connection): readonly string[] {
  return connection.hosts.map((host) => postgresqlUri({ ...connection, hosts: [host] }));
}
