import { createPrivateKey, hkdfSync } from "node:crypto";

/** An address at which a client connects. */
export interface Host {
  readonly host: string;
  readonly port: number;
}

export interface Connection {
  readonly hosts: readonly Host[];
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly route: "primary" | "replica" | "any" | "node";
  /** Path of a file with the deployment's authority. */
  readonly caFile: string;
  /** PEM of that authority. */
  readonly ca: string;
}

/** What URIs go by of an engine's row. */
interface UriForm {
  readonly uri: (connection: Connection) => string;
  readonly manyHosts: boolean;
}

/** One URI of all portals where the engine's usual client can take them, otherwise of the first. */
export function uriOf({ uri, manyHosts }: UriForm, connection: Connection): string {
  return manyHosts ? uri(connection) : (urisOf({ uri }, connection)[0] ?? "");
}

/** One URI per portal, for clients that take one host only. */
export function urisOf({ uri }: Pick<UriForm, "uri">, connection: Connection): readonly string[] {
  return connection.hosts.map((host) => uri({ ...connection, hosts: [host] }));
}

/** The same URI, for people to see. */
export function withoutPassword(uri: string): string {
  return uri.replace(/^([^:/]+:\/\/[^:@/]*):[^@/]*@/, "$1@");
}

/** A path as the value of a URI's parameter. */
export function pathOf(file: string): string {
  return file.split("/").map(encodeURIComponent).join("/");
}

export function hostList(hosts: readonly Host[]): string {
  return hosts.map(({ host, port }) => `${host}:${port}`).join(",");
}

/**
 * A password of 192 bits that follows from a private key (PEM, Ed25519), so that one protected key is the only thing
 * to keep. Its 32 characters need no escaping in a URI. Each `rotation` has another one; 0 is the first.
 */
export function derivePassword(privateKeyPem: string, use: string, rotation = 0): string {
  const { d } = createPrivateKey(privateKeyPem).export({ format: "jwk" });
  if (d === undefined) throw new Error("the password source is no Ed25519 key");
  // The first one's name has no number: it is older than rotation.
  const name = rotation === 0 ? use : `${use} rotation ${rotation}`;
  const bytes = hkdfSync("sha256", Buffer.from(d, "base64url"), "", `portico password ${name}`, 24);
  return Buffer.from(bytes).toString("base64url");
}
