import { generateKeyPairSync } from "node:crypto";
import type { TestContext } from "node:test";

import { opensshForms } from "../../tools/airgap/tls/keys.ts";
import { exec } from "./containers.ts";
import { docker, runFor } from "./docker.ts";
import { portalImage } from "./portal-container.ts";

/** A key pair as `ssh-keygen` would write it. */
export function sshKey(): { readonly publicKey: string; readonly privateKey: string } {
  const { publicKeyOpenssh, privateKeyOpenssh } = opensshForms(
    generateKeyPairSync("ed25519").privateKey,
  );
  return { publicKey: publicKeyOpenssh.trim(), privateKey: privateKeyOpenssh };
}

type Outcome = Awaited<ReturnType<typeof exec>>;

export interface SshClient {
  readonly address: string;
  /** A shell line in the client's container. */
  sh(line: string): Promise<Outcome>;
  /** OpenSSH's own client, with the key of that name and options of `ssh`, towards the portal. */
  ssh(key: string, options: string): Promise<Outcome>;
  /** Opens an SSH session that stays, named so. `sh` says whether it lives: see `lives`. */
  open(name: string, key: string, options: string): Promise<Outcome>;
  lives(name: string): Promise<boolean>;
}

export interface SshClientArgs {
  readonly network: string;
  /** Private keys by name. */
  readonly keys: Readonly<Record<string, string>>;
  readonly portal: { readonly host: string; readonly port: number; readonly hostKey: string };
}

/** OpenSSH's client in a container of its own: the portal's image has it, beside sshd. */
export async function sshClientFor(
  t: Pick<TestContext, "after">,
  { network, keys, portal }: SshClientArgs,
): Promise<SshClient> {
  const container = await runFor(t, {
    Image: await portalImage(),
    Entrypoint: ["sleep", "infinity"],
    Healthcheck: { Test: ["NONE"] },
    HostConfig: { NetworkMode: network, Init: true },
  });
  const sh = (line: string) => exec(container.id, ["sh", "-c", line]);
  const put = (path: string, text: string) =>
    exec(container.id, ["sh", "-c", `umask 077; printf %s "$0" > ${path}`, text]);
  for (const [name, key] of Object.entries(keys)) await put(`/tmp/${name}`, key);
  const { host, port, hostKey } = portal;
  await put("/tmp/known_hosts", `[${host}]:${port} ${hostKey}\n`);
  const ssh = (key: string, options: string) => sh(line(key, options, portal));
  const { NetworkSettings } = await docker.getContainer(container.id).inspect();
  return {
    address: NetworkSettings.Networks[network]?.IPAddress ?? "",
    sh,
    ssh,
    open: (name, key, options) =>
      ssh(key, `-f -N -M -S /tmp/${name}.ctl ${options} 2>/tmp/${name}.err >/tmp/${name}.out`),
    lives: async (name) => (await sh(`ssh -S /tmp/${name}.ctl -O check portal`)).code === 0,
  };
}

function line(key: string, options: string, { host, port }: SshClientArgs["portal"]): string {
  const own = [
    "BatchMode=yes",
    "ConnectTimeout=10",
    "IdentitiesOnly=yes",
    "UserKnownHostsFile=/tmp/known_hosts",
    "StrictHostKeyChecking=yes",
    "ExitOnForwardFailure=yes",
  ].map((option) => `-o ${option}`);
  const user = /(^| )-l /.test(options) ? "" : "-l tunnel";
  return `timeout 30 ssh -F none -i /tmp/${key} -p ${port} ${user} ${own.join(" ")} ${host} ${options}`;
}
