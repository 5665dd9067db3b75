// The keys that sshd reads, and the sessions that its starter writes down.

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { PortalDocument } from "../contract.ts";
import { readFileOr, replaceFile } from "../files.ts";
import type { SshSession } from "../plan/ssh.ts";
import { authorizedBy, planSsh } from "../plan/ssh.ts";
import type { Haproxy } from "./haproxy.ts";

export interface TunnelsArgs {
  /** Where sshd finds whom to let in. */
  readonly folder: string;
  /** Where each session's key is written down. */
  readonly sessions: string;
  /** Reads the portal's own key, which the host may have renewed. sshd's user can't. */
  readonly hostKey: () => Promise<string>;
  readonly haproxy: Pick<Haproxy, "execute">;
  readonly log: Pick<Logger, "warn">;
}

export interface Tunnels {
  /**
   * Puts a document's keys in force: for logins to come, and for the sessions that are there. To be called again and again, for what
   * came or failed since.
   */
  look(document: PortalDocument): Promise<void>;
}

/** Of a document without SSH, this many looks in a row that found no session were the last: a login that was under way has ended by then. */
const LOOKS_WITHOUT = 240;

/** Who may open tunnels. Keys first, sessions then: who logs in between has a key that is still listed. */
export function createTunnels({ folder, sessions, hostKey, haproxy, log }: TunnelsArgs): Tunnels {
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

  let without = 0;

  return {
    look: async (document) => {
      if (document.ssh !== undefined) without = 0;
      else if (without >= LOOKS_WITHOUT) return;
      await write(document);
      const there = await readSshSessions(sessions);
      without = document.ssh === undefined && there.length === 0 ? without + 1 : 0;
      const commands = planSsh(document, there);
      if (commands.length === 0) return;
      const applied = await haproxy.execute(commands);
      if (applied.kind === "failed") throw new Error(applied.why);
      for (const { source, port } of applied.endedSsh) {
        const session = there.find((one) => one.source === source && one.port === port);
        const { name, fingerprint } = session ?? {};
        const facts = { client: source, clientPort: port, key: name, fingerprint };
        log.warn(facts, `The SSH session of ${name} is cut: its key is no longer listed`);
      }
    },
  };
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
