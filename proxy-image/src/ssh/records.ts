import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Client } from "../apply/end-ssh.ts";

/** An SSH session, as what started its sshd has written it down: whose key it logged in with. */
export interface SshSession extends Client {
  readonly fingerprint: string;
  readonly name: string;
}

/** Reads the folder that has one file a session, named by its client. None where there is no such folder yet. */
export async function readSshSessions(folder: string): Promise<readonly SshSession[]> {
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
