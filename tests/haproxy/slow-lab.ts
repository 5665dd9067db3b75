import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import type Docker from "dockerode";

import { BUFFERS, PEERS } from "../../components/local/container.ts";
import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { LAYOUT } from "../../proxy-image/src/plan/names.ts";
import { renderConfig } from "../../proxy-image/src/plan/render.ts";
import { authorizedBy } from "../../proxy-image/src/plan/ssh.ts";
import { Authority } from "../support/authority.ts";
import { exec, until } from "../support/containers.ts";
import { networkFor, runFor } from "../support/docker.ts";
import { portalImage } from "../support/portal-container.ts";
import { sshKey } from "../support/ssh-client.ts";

const PROGRAMS = join(import.meta.dirname, "slow");

/** A portal and its peers, each a container of its own, so that the kernel treats them as it does machines. */
export interface SlowLab {
  /** An address of the lab's network. */
  at(host: number): string;
  /** A client or a node, by its program in `slow/`. */
  peer(host: number, script: string, ...args: readonly string[]): Promise<Docker.Container>;
  /** HAProxy and sshd as a portal has them, but for its agent: one that vouches for every node. Resolves once the slots are open. */
  portal(
    host: number,
    document: PortalDocument,
    open: readonly string[],
  ): Promise<Docker.Container>;
  /** Where clients find it as /keys. */
  putKey(name: string, text: string): void;
}

export async function createSlowLab(t: TestContext): Promise<SlowLab> {
  const image = await portalImage();
  const network = await networkFor(t, { internal: true });
  const folder = folderFor(t);
  const at = (host: number) => network.subnet.replace("0/24", String(host));
  const networkOf = (host: number): Docker.ContainerCreateOptions["NetworkingConfig"] => ({
    EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: at(host) } } },
  });
  return {
    at,
    peer: (host, script, ...args) =>
      runFor(t, {
        Image: image,
        Entrypoint: ["node", `/peers/${script}`, ...args],
        Healthcheck: { Test: ["NONE"] },
        HostConfig: {
          Binds: [`${PROGRAMS}:/peers:ro`, `${folder}/client:/keys:ro`],
          NetworkMode: network.name,
        },
        NetworkingConfig: networkOf(host),
        Labels: { "portico.test": "slow" },
      }),
    putKey: (name, text) => put(folder, `client/${name}`, text),
    portal: async (host, document, open) => {
      await putInputs(folder, at(host), document);
      const agent = `node -e 'require("node:http").createServer((_, reply) => reply.end()).listen(${LAYOUT.agent.port})'`;
      const sshd =
        "setpriv --reuid tunnel --regid tunnel --clear-groups /usr/local/lib/portico/services/tunnel/run";
      const haproxy = "haproxy -W -db -f /portal/haproxy.cfg";
      const container = await runFor(t, {
        Image: image,
        Entrypoint: ["sh", "-c", `${agent} & ${sshd} & exec ${haproxy}`],
        Healthcheck: { Test: ["NONE"] },
        HostConfig: {
          Binds: [`${folder}/portal:/portal:ro`, `${folder}/ssh:/run/ssh:ro`],
          NetworkMode: network.name,
          Sysctls: { ...PEERS, ...BUFFERS },
        },
        NetworkingConfig: networkOf(host),
        Labels: { "portico.test": "slow" },
      });
      await opened(container.id, open);
      return container;
    },
  };
}

async function putInputs(folder: string, address: string, document: PortalDocument): Promise<void> {
  const layout = { ...LAYOUT, folder: "/portal", identity: "/portal", run: "/tmp" };
  const authority = await Authority.create();
  const { certificate, key } = await authority.issue([address]);
  put(folder, "portal/haproxy.cfg", renderConfig(document, layout));
  put(folder, "portal/whitelist.map", "0.0.0.0/0 9999999999999\n");
  put(folder, "portal/server.crt", certificate);
  put(folder, "portal/server.key", key);
  const authorized = authorizedBy(document);
  put(folder, "ssh/authorized_keys", authorized?.keys ?? "", READABLE);
  put(folder, "ssh/names", authorized?.names ?? "", READABLE);
  put(folder, "ssh/host_key", sshKey().privateKey, READABLE);
}

/** Slots, as "<endpoint>/<node>". */
async function opened(container: string, slots: readonly string[]): Promise<void> {
  const commands = [...slots.map((slot) => `set server ${slot} state ready`), "show servers state"];
  const send = `const socket = require("node:net").connect("/tmp/admin.sock"); socket.write("${commands.join(";")}\\n"); socket.pipe(process.stdout)`;
  await until("all endpoints are open", 20, async () => {
    const { output } = await exec(container, ["node", "-e", send]);
    return slots.every((slot) => {
      const [endpoint, node] = slot.split("/");
      return new RegExp(` ${endpoint} \\d+ ${node} \\S+ 2 `).test(output);
    });
  });
}

/** For a user of the container that the host doesn't know. */
const READABLE = 0o644;

function folderFor(t: TestContext): string {
  const cache = resolve(import.meta.dirname, "../../.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "slow-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const part of ["client", "portal", "ssh"]) mkdirSync(join(folder, part));
  return folder;
}

function put(folder: string, name: string, text: string, mode = 0o600): void {
  writeFileSync(join(folder, name), text, { mode });
}
