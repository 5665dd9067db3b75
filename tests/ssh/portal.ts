import type { TestContext } from "node:test";

import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { logsOf } from "../support/containers.ts";
import { networkFor } from "../support/docker.ts";
import {
  DOCUMENT,
  type PortalContainer,
  portalFor,
  putDocument,
} from "../support/portal-container.ts";
import { type SshClient, sshClientFor, sshKey } from "../support/ssh-client.ts";
import { until } from "../support/until.ts";

export const ann = sshKey();
export const bob = sshKey();
const host = sshKey();
const stranger = sshKey();

export const PORT = 2222;

export interface SshPortal {
  readonly portal: PortalContainer;
  readonly client: SshClient;
  /** Puts a document in force: the whole whitelist, and keys by name. */
  change(changes: Partial<PortalDocument>): Promise<void>;
  /** Lines of the portal's log that `chosen` picks. */
  lines(chosen: (line: Line) => boolean): Promise<readonly Line[]>;
}

export type Line = Readonly<Record<string, unknown>>;

export const keysOf = (keys: Readonly<Record<string, string>>) => ({ port: PORT, keys });

/** A portal of a cluster that doesn't exist, and OpenSSH's client in another container of its network. */
export async function sshPortalFor(t: TestContext): Promise<SshPortal> {
  const network = await networkFor(t, { internal: true });
  const document: PortalDocument = {
    ...DOCUMENT,
    whitelist: { [network.subnet]: "the test" },
    ssh: keysOf({ ann: ann.publicKey }),
  };
  const portal = await portalFor(t, {
    document,
    identity: { ssh_host_key: host.privateKey },
    network: network.name,
  });
  const { NetworkSettings } = await portal.container.inspect();
  const client = await sshClientFor(t, {
    network: network.name,
    keys: { ann: ann.privateKey, bob: bob.privateKey, stranger: stranger.privateKey },
    portal: {
      host: NetworkSettings.Networks[network.name]?.IPAddress ?? "",
      port: PORT,
      hostKey: host.publicKey,
    },
  });
  await until("it is healthy", 60_000, async () => {
    return (await portal.container.inspect()).State.Health?.Status === "healthy";
  });
  let present = document;
  return {
    portal,
    client,
    change: async (changes) => {
      present = { ...present, ...changes };
      putDocument(portal, present);
    },
    lines: async (chosen) => {
      const text = await logsOf(portal.container.id);
      return text.split("\n").flatMap((line) => {
        if (!line.startsWith("{")) return [];
        const parsed = JSON.parse(line) as Line;
        return chosen(parsed) ? [parsed] : [];
      });
    },
  };
}
