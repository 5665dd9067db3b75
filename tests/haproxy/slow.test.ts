import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import type Docker from "dockerode";

import { hardened } from "../../components/local/container.ts";
import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { PLACES, renderConfig } from "../../proxy-image/src/plan/render.ts";
import { authorizedBy } from "../../proxy-image/src/ssh/authorized.ts";
import { Authority } from "../node-image/authority.ts";
import { exec, logsOf, until } from "../support/containers.ts";
import { networkFor, runFor } from "../support/docker.ts";
import { breakNetwork } from "../support/net-fault.ts";
import { DOCUMENT, portalImage } from "../support/portal-container.ts";
import { sshKey } from "../support/ssh-client.ts";

// Containers, so that a peer can be gone as a lost host is: nothing comes from it any more, not even a reset. The waits run side by side.
const PEERS = join(import.meta.dirname, "slow");

const ALIVE = {
  stopped: "a client that stops reading for 60 s gets everything",
  slow: "a client that reads 50 kB/s for two minutes is left alone",
  slower: "and so is one that reads 15 kB/s",
  halfdone: "so is one that stops while the rest of its answer waits, and its node is done",
  towards: "a node that stops reading for 60 s gets everything",
  tlsstopped: "where TLS ends at the portal, a client that stops reading for 60 s gets everything",
  tlsslow: "one that reads 50 kB/s there for two minutes is left alone",
  tlstowards: "and a node behind it that stops reading for 60 s gets everything",
  sshstopped: "a client of a tunnel that stands still for 60 s gets everything",
};
const LOST_CLIENT = {
  idle: "a client that is gone is found within a minute: idle",
  reading: "while data is on its way to it",
  closed: "while its window is closed",
  tlsidle: "where TLS ends at the portal, idle",
  tlsclosed: "there, while its window is closed",
  sshidle: "at the end of a tunnel",
};
const GONE = {
  ...LOST_CLIENT,
  nodeidle: "a node that is gone is found within a minute: idle",
  writing: "while data is on its way to it",
  nodeshut: "while its window is closed",
};
/** A fault ends by itself after 120 s, and what is found only then is found too late. */
const WITHIN_MS = 60_000;

interface Network {
  readonly name: string;
  readonly subnet: string;
}

test("a slow peer lives, and one that is gone is found within a minute", async (t) => {
  const image = await portalImage();
  const network = await networkFor(t, { internal: true });
  const at = (host: number) => network.subnet.replace("0/24", String(host));
  const folder = folderFor(t);
  const peer = (host: number, script: string, ...args: readonly string[]) =>
    runFor(t, {
      Image: image,
      Entrypoint: ["node", `/peers/${script}`, ...args],
      Healthcheck: { Test: ["NONE"] },
      HostConfig: {
        Binds: [`${PEERS}:/peers:ro`, `${folder}/client:/keys:ro`],
        NetworkMode: network.name,
      },
      NetworkingConfig: placed(network, at(host)),
      Labels: { "portico.test": "slow" },
    });
  const node = await peer(11, "node.cjs");
  const lostNode = await peer(12, "node.cjs");
  const ann = sshKey();
  put(folder, "client/ann", ann.privateKey);
  const document = documentOf(at(11), at(12), ann.publicKey);
  await portal(t, { image, network, address: at(10), document, folder });

  const client = await peer(
    21,
    "client.cjs",
    at(10),
    ...Object.keys(ALIVE),
    "nodeidle",
    "writing",
    "nodeshut",
  );
  const lostClient = await peer(22, "client.cjs", at(10), ...Object.keys(LOST_CLIENT));
  // Long enough for buffers to be full and windows closed, so that the probes of a closed window have become rare.
  await new Promise((done) => setTimeout(done, 12_000));
  const silence = { arriving: ["drop"], leaving: ["drop"] };
  const since = performance.now();
  const lift = await Promise.all([lostClient, lostNode].map(({ id }) => breakNetwork(id, silence)));
  const found = Object.fromEntries(
    await Promise.all(
      Object.keys(GONE).map(async (name) => {
        const { id } = name in LOST_CLIENT ? node : client;
        const ended = async () => (await logsOf(id)).includes(`ended ${name}\n`);
        await until(`${name} is ended`, 110, ended).catch(() => {});
        return [name, performance.now() - since] as const;
      }),
    ),
  );
  await Promise.all(lift.map((end) => end()));
  for (const [name, what] of Object.entries(GONE)) {
    await t.test(`${what} (${Math.round((found[name] ?? 0) / 1000)} s)`, () =>
      assert.ok((found[name] ?? WITHIN_MS) < WITHIN_MS),
    );
  }
  for (const [name, what] of Object.entries(ALIVE)) {
    await t.test(what, () =>
      until(what, 150, async () => {
        const said = await logsOf(client.id);
        if (said.includes(`whole ${name}\n`)) return true;
        if (said.includes(`ended ${name}\n`)) assert.fail("it was cut");
        return false;
      }).then(() => {}),
    );
  }
});

interface PortalArgs {
  readonly image: string;
  readonly network: Network;
  readonly address: string;
  readonly document: PortalDocument;
  readonly folder: string;
}

/** HAProxy and sshd as a portal has them, but for its agent: one that vouches for every node. */
async function portal(
  t: TestContext,
  { image, network, address, document, folder }: PortalArgs,
): Promise<void> {
  const places = { ...PLACES, folder: "/portal", identity: "/portal", run: "/tmp" };
  const authority = await Authority.create();
  const { certificate, key } = await authority.issue([address]);
  put(folder, "portal/haproxy.cfg", renderConfig(document, places));
  put(folder, "portal/whitelist.map", "0.0.0.0/0 9999999999999\n");
  put(folder, "portal/server.crt", certificate);
  put(folder, "portal/server.key", key);
  const authorized = authorizedBy(document);
  put(folder, "ssh/authorized_keys", authorized?.keys ?? "", READABLE);
  put(folder, "ssh/names", authorized?.names ?? "", READABLE);
  put(folder, "ssh/host_key", sshKey().privateKey, READABLE);
  const agent = `node -e 'require("node:http").createServer((_, reply) => reply.end()).listen(${PLACES.agent.port})'`;
  const sshd =
    "setpriv --reuid tunnel --regid tunnel --clear-groups /usr/local/lib/portico/services/tunnel/run";
  const haproxy = "haproxy -W -db -f /portal/haproxy.cfg";
  const { id } = await runFor(t, {
    Image: image,
    Entrypoint: ["sh", "-c", `${agent} & ${sshd} & exec ${haproxy}`],
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      Binds: [`${folder}/portal:/portal:ro`, `${folder}/ssh:/run/ssh:ro`],
      NetworkMode: network.name,
      Sysctls: { ...(hardened(64).sysctls as Record<string, string>) },
    },
    NetworkingConfig: placed(network, address),
    Labels: { "portico.test": "slow" },
  });
  const open =
    "set server primary/orders-1 state ready;set server replica/orders-2 state ready;set server secure/orders-1 state ready;show servers state";
  const say = `const socket = require("node:net").connect("/tmp/admin.sock"); socket.write("${open}\\n"); socket.pipe(process.stdout)`;
  await until("all endpoints are open", 20, async () => {
    const { output } = await exec(id, ["node", "-e", say]);
    return [
      / primary 1 orders-1 \S+ 2 /,
      / replica 2 orders-2 \S+ 2 /,
      / secure 1 orders-1 \S+ 2 /,
    ].every((up) => up.test(output));
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

function documentOf(node: string, lostNode: string, publicKey: string): PortalDocument {
  return {
    ...DOCUMENT,
    nodes: {
      "orders-1": { address: node, port: 5432 },
      "orders-2": { address: lostNode, port: 5432 },
    },
    endpoints: {
      primary: { port: 5432, route: "primary" },
      replica: { port: 5433, route: "replica" },
      secure: { port: 5434, route: "primary", tls: true },
    },
    ssh: { port: 2222, keys: { ann: publicKey } },
    fallback: "off",
  };
}

function placed(
  { name }: Network,
  address: string,
): Docker.ContainerCreateOptions["NetworkingConfig"] {
  return { EndpointsConfig: { [name]: { IPAMConfig: { IPv4Address: address } } } };
}
