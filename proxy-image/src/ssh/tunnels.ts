import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { readFileOr, replaceFile } from "../apply/files.ts";
import type { Haproxy } from "../apply/haproxy.ts";
import type { PortalDocument } from "../contract.ts";
import type { Log } from "../report/log.ts";
import { authorizedBy, fingerprintOf } from "./authorized.ts";
import { readSshSessions } from "./records.ts";

export interface TunnelsArgs {
  /** Where sshd finds whom to let in. */
  readonly folder: string;
  /** Where each session's key is written down. */
  readonly sessions: string;
  /** Reads the portal's own key, which the host may have renewed. sshd's user can't. */
  readonly hostKey: () => Promise<string>;
  readonly haproxy: Pick<Haproxy, "endSsh">;
  readonly log: Pick<Log, "warn">;
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
