import assert from "node:assert/strict";
import { test } from "node:test";

import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { logsOf, until } from "../support/containers.ts";
import { breakNetwork } from "../support/net-fault.ts";
import { DOCUMENT } from "../support/portal-container.ts";
import { sshKey } from "../support/ssh-client.ts";
import { createSlowLab } from "./slow-lab.ts";

// Containers, so that a peer can be gone as a lost host is: nothing comes from it any more, not even a reset. The waits run side by side.
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

test("a slow peer lives, and one that is gone is found within a minute", async (t) => {
  const lab = await createSlowLab(t);
  const { at, peer } = lab;
  const node = await peer(11, "node.cjs");
  const lostNode = await peer(12, "node.cjs");
  const ann = sshKey();
  lab.putKey("ann", ann.privateKey);
  const document = documentOf(at(11), at(12), ann.publicKey);
  await lab.portal(10, document, ["primary/orders-1", "replica/orders-2", "secure/orders-1"]);

  const alive = [...Object.keys(ALIVE), "nodeidle", "writing", "nodeshut"];
  const client = await peer(21, "client.cjs", at(10), ...alive);
  const lostClient = await peer(22, "client.cjs", at(10), ...Object.keys(LOST_CLIENT));
  // Long enough for buffers to be full and windows closed, so that the probes of a closed window have become rare.
  await new Promise((done) => setTimeout(done, 12_000));
  const silence = { arriving: ["drop"], leaving: ["drop"] };
  const lift = await Promise.all([lostClient, lostNode].map(({ id }) => breakNetwork(id, silence)));
  const since = Date.now();
  const found = Object.fromEntries(
    await Promise.all(
      Object.keys(GONE).map(async (name) => {
        const { id } = name in LOST_CLIENT ? node : client;
        const ended = async () =>
          new RegExp(`^ended ${name} (\\d+)$`, "m").exec(await logsOf(id))?.[1];
        const at = await until(`${name} is ended`, 110, ended).catch(() => {});
        return [name, Number(at ?? Number.POSITIVE_INFINITY) - since] as const;
      }),
    ),
  );
  await Promise.all(lift.map((end) => end()));
  for (const [name, what] of Object.entries(GONE)) {
    await t.test(`${what} (${Math.round((found[name] ?? 0) / 1000)} s)`, () =>
      assert.ok((found[name] ?? WITHIN_MS) < WITHIN_MS, `${found[name]} ms`),
    );
  }
  for (const [name, what] of Object.entries(ALIVE)) {
    await t.test(what, () =>
      until(what, 150, async () => {
        const logs = await logsOf(client.id);
        if (logs.includes(`whole ${name}\n`)) return true;
        if (logs.includes(`ended ${name} `)) assert.fail("it was cut");
        return false;
      }).then(() => {}),
    );
  }
});

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
