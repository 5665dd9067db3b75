import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { exec, logsOf } from "../support/containers.ts";
import { DOCUMENT } from "../support/portal-container.ts";
import { createSlowLab } from "./slow-lab.ts";

const CLIENTS = 150;
/** Of which one source, as all clients are, has four fifths. */
const SESSIONS = 200;
/** KiB: what one buffer towards the client and one from the node hold, which don't grow. Without a bound it is three times as much after 10 s. */
const OF_A_SESSION = 350;

for (const [port, tls] of [
  [5432, false],
  [5434, true],
] as const)
  test(`what the kernel keeps for a client that asks for much and reads nothing is bounded, ${tls ? "with" : "without"} TLS`, async (t) => {
    const lab = await createSlowLab(t);
    await lab.peer(11, "node.cjs");
    const portal = await lab.portal(
      10,
      {
        ...DOCUMENT,
        sessions: SESSIONS,
        nodes: { "orders-1": { address: lab.at(11), port: 5432 } },
        endpoints: { primary: { port, route: "primary", tls } },
        fallback: "off",
      },
      ["primary/orders-1"],
    );
    const clients = await lab.peer(21, "still.cjs", lab.at(10), String(port), String(CLIENTS));

    const kept = await grown(() => queuesOf(portal.id));
    t.diagnostic(`a session: ${Math.round(kept / CLIENTS / 1024)} KiB`);
    assert.ok(!(await logsOf(clients.id)).includes("ended"), "a client was cut");
    assert.ok(kept / CLIENTS / 1024 < OF_A_SESSION);
  });

/** What is there once all clients are, and it has stopped growing for three seconds. */
async function grown(ask: () => Promise<Queues>): Promise<number> {
  let most = 0;
  let still = 0;
  let seen = 0;
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; ) {
    await pause(1_000);
    const { sockets, bytes } = await ask();
    still = sockets >= 2 * CLIENTS && bytes <= most * 1.01 ? still + 1 : 0;
    most = Math.max(most, bytes);
    seen = sockets;
    if (still === 3) return most;
  }
  throw new Error(`not settled: ${most} bytes, ${seen} sockets`);
}

interface Queues {
  readonly sockets: number;
  /** That have come and weren't read, or were written and aren't acknowledged. */
  readonly bytes: number;
}

async function queuesOf(container: string): Promise<Queues> {
  const { output } = await exec(container, ["cat", "/proc/net/tcp"]);
  const queues = [...output.matchAll(ESTABLISHED)].map(
    ([, sent = "", came = ""]) => Number.parseInt(sent, 16) + Number.parseInt(came, 16),
  );
  return { sockets: queues.length, bytes: queues.reduce((sum, each) => sum + each, 0) };
}

/** Local address, but for loopback, remote one, state, and the two queues. */
const ESTABLISHED = /: (?!0100007F)\w{8}:\w{4} \w{8}:\w{4} 01 (\w{8}):(\w{8})/g;
