import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { PortalDocument } from "../contract.ts";
import { readFileOr, replaceFile } from "../files.ts";
import { TUNNEL_SOURCE } from "../plan/names.ts";
import type { Client } from "./end-sessions.ts";
import type { Haproxy } from "./haproxy.ts";

export interface TunnelsArgs {
  /** Where sshd finds whom to let in. */
  readonly folder: string;
  /** Where each session's key is written down. */
  readonly sessions: string;
  /** Reads the portal's own key, which the host may have renewed. sshd's user can't. */
  readonly hostKey: () => Promise<string>;
  readonly haproxy: Pick<Haproxy, "endSsh">;
  readonly log: Pick<Logger, "warn">;
}

export interface Tunnels {
  /** Puts the document's keys in force: for logins to come, and for the sessions that are there. */
  take(document: PortalDocument): Promise<void>;
  /** The same again, for what came or failed since. */
  look(): Promise<void>;
}

/** Who may open tunnels. Keys first, sessions then: who logs in between has a key that is still listed. */
export function createTunnels({ folder, sessions, hostKey, haproxy, log }: TunnelsArgs): Tunnels {
  let document: PortalDocument | undefined;

  const look = async (): Promise<void> => {
    if (document === undefined) return;
    await write(document);
    const listed = new Set(Object.values(document.ssh?.keys ?? {}).map(fingerprintOf));
    const there = await readSshSessions(sessions);
    const gone = there.filter(({ fingerprint }) => !listed.has(fingerprint));
    if (gone.length === 0) return;
    for (const { source, port } of await haproxy.endSsh(gone)) {
      const session = gone.find((one) => one.source === source && one.port === port);
      const { name, fingerprint } = session ?? {};
      const facts = { client: source, clientPort: port, key: name, fingerprint };
      log.warn(facts, `The SSH session of ${name} is cut: its key is no longer listed`);
    }
  };

  const write = async (wanted: PortalDocument): Promise<void> => {
    const authorized = authorizedBy(wanted);
    if (authorized === undefined) return clear();
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await put("host_key", await hostKey(), 0o640);
    await put("names", authorized.names);
    await put("authorized_keys", authorized.keys);
  };

  /** The folder stays: it was made so that what is in it belongs to sshd's group. */
  const clear = async (): Promise<void> => {
    for (const name of ["authorized_keys", "names", "host_key"])
      await rm(join(folder, name), { force: true });
  };

  const put = async (name: string, text: string, mode = 0o644): Promise<void> => {
    const path = join(folder, name);
    if (readFileOr(path, "none") !== text) await replaceFile(path, text, mode);
  };

  return {
    take: async (next) => {
      document = next;
      await look();
    },
    look,
  };
}

/** What sshd and its log read of a document. */
export interface Authorized {
  /** sshd's authorized_keys: each key may forward to the endpoints, and do nothing else. */
  readonly keys: string;
  /** For the log: what a key's fingerprint and an endpoint's port are called, one a line. */
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

/** An SSH session, as what started its sshd has written it down: whose key it logged in with. */
export interface SshSession extends Client {
  readonly fingerprint: string;
  readonly name: string;
}

/** Reads the folder that has one file a session, named by its client. None where there is no such folder yet. */
async function readSshSessions(folder: string): Promise<readonly SshSession[]> {
  const names = await readdir(folder).catch(() => []);
  const read = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), "utf8").catch(() => "");
      return sessionOf(name, text);
    }),
  );
  return read.filter((session) => session !== undefined);
}

/** Undefined: not whole yet, or nothing that was written there by the portal. */
export function sessionOf(file: string, text: string): SshSession | undefined {
  const [, source, port] = /^([0-9a-f.:]+),(\d+)$/.exec(file) ?? [];
  const [, fingerprint, name] = /^(SHA256:\S+) (\S+)\n$/.exec(text) ?? [];
  if (source === undefined || fingerprint === undefined || name === undefined) return undefined;
  return { source, port: Number(port), fingerprint, name };
}
