// Who may open tunnels: what sshd gets from a document, and whose sessions end.

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

import type { PortalDocument } from "../contract.ts";
import type { SshClient } from "../model/haproxy.ts";
import { TUNNEL_SOURCE } from "./names.ts";
import type { Command } from "./plan.ts";

/** An SSH session, as what started its sshd has written it down: whose key it logged in with. */
export interface SshSession extends SshClient {
  readonly fingerprint: string;
  readonly name: string;
}

/** Ends the sessions whose key the document doesn't list any more. */
export function planSsh(
  { ssh }: PortalDocument,
  sessions: readonly SshSession[],
): readonly Command[] {
  const listed = new Set(Object.values(ssh?.keys ?? {}).map(fingerprintOf));
  const clients = sessions.filter(({ fingerprint }) => !listed.has(fingerprint));
  return clients.length === 0 ? [] : [{ kind: "endSsh", clients }];
}

/** What sshd and its log read of a document. */
export interface Authorized {
  /** sshd's authorized_keys: each key may forward to the endpoints, and do nothing else. */
  readonly keys: string;
  /** For the log: what a key's fingerprint and an endpoint's port are called, one per line. */
  readonly names: string;
}

/** Nothing where the document asks for no SSH portal. */
export function authorizedBy({ ssh, endpoints }: PortalDocument): Authorized | undefined {
  if (ssh === undefined) return undefined;
  const ports = Object.values(endpoints).map(({ port }) => port);
  const targets = ports.map((port) => `permitopen="${TUNNEL_SOURCE}:${port}"`);
  const options = ["restrict", "port-forwarding", ...targets].join(",");
  const keys = Object.entries(ssh.keys);
  return {
    keys: lines(keys.map(([name, line]) => `${options} ${line} ${name}`)),
    names: lines([
      ...keys.map(([name, line]) => `${fingerprintOf(line)} ${name}`),
      ...Object.entries(endpoints).map(([name, { port }]) => `${port} ${name}`),
    ]),
  };
}

/** As sshd names a key in its log. */
export function fingerprintOf(line: string): string {
  const blob = Buffer.from(line.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}
