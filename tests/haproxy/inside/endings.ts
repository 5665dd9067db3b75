import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";

import { until } from "../../support/until.ts";
import { createLab, type Lab, openClient, openTlsClient, wantedOf } from "../lab.ts";

// What HAProxy's document calls "stream state at disconnection", as a person reads it. HAProxy 3.0 says C (connecting) of every
// session that was told to end, or whose node went down, however long it has lasted.

interface Case {
  readonly what: string;
  readonly ending: string;
  readonly msg: string;
  readonly edit?: (config: string) => string;
  /** Ends a session that a node has answered. */
  readonly end: (lab: Lab, client: Socket) => unknown;
}

const CASES: readonly Case[] = [
  {
    what: "a client that breaks off",
    ending: "CD",
    msg: "the client closed the session, or its connection broke",
    end: (_lab, client) => client.resetAndDestroy(),
  },
  {
    what: "a client that says nothing for as long as it may",
    ending: "cD",
    msg: "the client was silent for too long",
    edit: (config) => config.replace("timeout client 24h", "timeout client 500ms"),
    end: () => {},
  },
  {
    what: "a node that says nothing for as long as it may",
    ending: "sD",
    msg: "the node was silent for too long",
    edit: (config) => config.replace("timeout server 24h", "timeout server 500ms"),
    end: () => {},
  },
  {
    what: "a session of a leader that is replaced",
    ending: "KC",
    msg: "the portal cut the session",
    end: (lab) => {
      lab.agent.vouched.add("primary/orders-2");
      return lab.apply(wantedOf("orders-2"));
    },
  },
  {
    what: "a session of a node that the agent no longer vouches for",
    ending: "DC",
    msg: "the portal cut the session: its node went down",
    end: (lab) => lab.agent.vouched.delete("primary/orders-1"),
  },
];

async function openLab(t: TestContext, tls: boolean, edit?: Case["edit"]): Promise<Lab> {
  const lab = await createLab(t, { tls, ...(edit && { edit }) });
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  return lab;
}

const line = (lab: Lab) => until("it is logged", 20_000, () => lab.logged.at(-1));

for (const tls of [false, true]) {
  // Node can't reset a connection below its TLS.
  const cases = CASES.filter(({ ending }) => !tls || ending !== "CD");
  for (const { what, ending, msg, edit, end } of cases) {
    test(`${what} is logged as "${msg}"${tls ? ", behind TLS" : ""}`, async (t) => {
      const lab = await openLab(t, tls, edit);
      const client = (tls ? openTlsClient : openClient)(lab.port("primary"));
      assert.match((await client.node) ?? "", /^orders-1/);

      await end(lab, client.socket);

      const { ending: is, msg: message } = await line(lab);
      assert.deepEqual([is, message], [ending, msg]);
      client.socket.destroy();
    });
  }
}

test("who is sent away because nobody leads is told so", async (t) => {
  const lab = await openLab(t, false);
  await lab.settle(wantedOf(undefined));
  const client = openClient(lab.port("primary"));
  await client.ended;

  const { ending, msg } = await line(lab);
  assert.deepEqual([ending, msg], ["SC", "no node accepted the connection"]);
});

test("who is refused by the portal itself is told so", async (t) => {
  // As the rule for an agent that is silent, whose time is up in a moment.
  const lab = await openLab(t, false, (config) =>
    config.replace("content reject if settled silent", "content reject if { src 127.0.0.9 }"),
  );
  const client = openClient(lab.port("primary"), "127.0.0.9");
  await client.ended;

  const { ending, msg } = await line(lab);
  assert.deepEqual([ending, msg], ["PR", "the session ended before it went to a node"]);
});
