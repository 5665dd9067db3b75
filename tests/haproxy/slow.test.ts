import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import type Docker from "dockerode";

import { hardened } from "../../components/local/container.ts";
import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { PLACES, renderConfig } from "../../proxy-image/src/plan/render.ts";
import { exec, logsOf, until } from "../support/containers.ts";
import { networkFor, runFor } from "../support/docker.ts";
import { breakNetwork } from "../support/net-fault.ts";
import { DOCUMENT, portalImage } from "../support/portal-container.ts";

// Containers, so that a peer can be gone as a lost host is: nothing comes from it any more, not even a reset. The waits run side by side.
const PEERS = join(import.meta.dirname, "slow");

const ALIVE = {
  stopped: "a client that stops reading for 60 s gets everything",
  slow: "a client that reads 50 kB/s for two minutes is left alone",
  slower: "and so is one that reads 15 kB/s",
  halfdone: "so is one that stops while the rest of its answer waits, and its node is done",
  towards: "a node that stops reading for 60 s gets everything",
};
const GONE = {
  idle: "a client that is gone is found within a minute: idle",
  reading: "while data is on its way to it",
  closed: "while its window is closed",
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
  const peer = (host: number, script: string, ...args: readonly string[]) =>
    runFor(t, {
      Image: image,
      Entrypoint: ["node", `/peers/${script}`, ...args],
      Healthcheck: { Test: ["NONE"] },
      HostConfig: { Binds: [`${PEERS}:/peers:ro`], NetworkMode: network.name },
      NetworkingConfig: placed(network, at(host)),
      Labels: { "portico.test": "slow" },
    });
  const node = await peer(11, "node.cjs");
  const lostNode = await peer(12, "node.cjs");
  await portal(t, image, network, at(10), documentOf(at(11), at(12)));

  const client = await peer(
    21,
    "client.cjs",
    at(10),
    ...Object.keys(ALIVE),
    "nodeidle",
    "writing",
    "nodeshut",
  );
  const lostClient = await peer(22, "client.cjs", at(10), "idle", "reading", "closed");
  // Long enough for buffers to be full and windows closed, so that the probes of a closed window have become rare.
  await new Promise((done) => setTimeout(done, 12_000));
  const silence = { arriving: ["drop"], leaving: ["drop"] };
  const since = performance.now();
  const lift = await Promise.all([lostClient, lostNode].map(({ id }) => breakNetwork(id, silence)));
  const found = Object.fromEntries(
    await Promise.all(
      Object.keys(GONE).map(async (name) => {
        const { id } = name in { idle: 0, reading: 0, closed: 0 } ? node : client;
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

/** HAProxy as a portal has it, but for its agent: one that vouches for every node. */
async function portal(
  t: TestContext,
  image: string,
  network: Network,
  address: string,
  document: PortalDocument,
): Promise<void> {
  const cache = resolve(import.meta.dirname, "../../.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "slow-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const places = { ...PLACES, folder: "/portal", run: "/tmp" };
  writeFileSync(join(folder, "haproxy.cfg"), renderConfig(document, places));
  writeFileSync(join(folder, "whitelist.map"), "0.0.0.0/0 9999999999999\n");
  const agent = `require("node:http").createServer((_, reply) => reply.end()).listen(${PLACES.agent.port})`;
  const { id } = await runFor(t, {
    Image: image,
    Entrypoint: ["sh", "-c", `node -e '${agent}' & exec haproxy -W -db -f /portal/haproxy.cfg`],
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      Binds: [`${folder}:/portal:ro`],
      NetworkMode: network.name,
      Sysctls: { ...(hardened(64).sysctls as Record<string, string>) },
    },
    NetworkingConfig: placed(network, address),
    Labels: { "portico.test": "slow" },
  });
  const open =
    "set server primary/orders-1 state ready;set server replica/orders-2 state ready;show servers state";
  const say = `const socket = require("node:net").connect("/tmp/admin.sock"); socket.write("${open}\\n"); socket.pipe(process.stdout)`;
  await until("both endpoints are open", 20, async () => {
    const { output } = await exec(id, ["node", "-e", say]);
    return [/ primary 1 orders-1 \S+ 2 /, / replica 2 orders-2 \S+ 2 /].every((up) =>
      up.test(output),
    );
  });
}

function documentOf(node: string, lostNode: string): PortalDocument {
  return {
    ...DOCUMENT,
    nodes: {
      "orders-1": { address: node, port: 5432 },
      "orders-2": { address: lostNode, port: 5432 },
    },
    endpoints: {
      primary: { port: 5432, route: "primary" },
      replica: { port: 5433, route: "replica" },
    },
    fallback: "off",
  };
}

function placed(
  { name }: Network,
  address: string,
): Docker.ContainerCreateOptions["NetworkingConfig"] {
  return { EndpointsConfig: { [name]: { IPAMConfig: { IPv4Address: address } } } };
}
