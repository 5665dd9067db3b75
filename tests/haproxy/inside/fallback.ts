import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { sendOnce } from "../../../proxy-image/src/apply/runtime-socket.ts";
import { NOBODYS_PORT } from "../../../proxy-image/src/plan/render-endpoint.ts";
import { Authority } from "../../support/authority.ts";
import { until } from "../../support/until.ts";
import {
  blocks,
  type Client,
  createLab,
  type Lab,
  nodeBehind,
  openClient,
  wantedOf,
  writeFiles,
} from "../lab.ts";
import { reconnectingClients } from "../reconnecting.ts";

interface NodeReport {
  role: string;
  state: string;
}
type Roles = Record<"orders-1" | "orders-2" | "orders-3", NodeReport>;

const replica = (): NodeReport => ({ role: "replica", state: "running" });
const primary = (): NodeReport => ({ role: "primary", state: "running" });

/** Patroni's REST interface on three nodes, which wants a client certificate of the deployment's own authority. */
async function patronis(t: TestContext, roles: Roles) {
  const authority = await Authority.create();
  const client = await authority.issue(["orders-portal-1"]);
  const identity = mkdtempSync(join(tmpdir(), "identity-"));
  writeFiles(identity, {
    "ca.crt": authority.pem,
    "client.crt": client.certificate,
    "client.key": client.key,
  });
  let port = 0;
  let asked = 0;
  for (const [index, node] of (["orders-1", "orders-2", "orders-3"] as const).entries()) {
    const { certificate, key } = await authority.issue([node]);
    const server = createServer(
      { cert: certificate, key, ca: authority.pem, requestCert: true, rejectUnauthorized: true },
      ({ url }, response) => {
        asked += 1;
        const { role, state } = roles[node];
        // As Patroni 4 spells it, with what else could be taken for a role.
        const replication = [{ application_name: "primary", state: "streaming" }];
        response.writeHead(url === "/patroni" ? 200 : 404);
        response.end(JSON.stringify({ state, role, replication }).replaceAll(/[:,]/g, "$& "));
      },
    );
    t.after(() => server.close());
    t.after(() => server.closeAllConnections());
    await new Promise<void>((resolve) => server.listen(port, `127.0.1.${index + 1}`, resolve));
    port = (server.address() as AddressInfo).port;
  }
  return { identity, patroni: port, asked: () => asked };
}

/** Nothing comes to that node any more, and nobody is told. */
function losePackets(t: TestContext, { document }: Lab, name: string): void {
  const { evidence, nodes } = document;
  assert.ok(evidence.kind === "patroni");
  const { address, port } = nodes[name] ?? assert.fail(name);
  loseAt(t, address, [port, evidence.patroni]);
}

function loseAt(t: TestContext, address: string, ports: readonly number[]): void {
  const nft = (line: string) => execFileSync("nft", [line]);
  const table = `inet lost_${ports[0]}`;
  nft(`add table ${table}`);
  t.after(() => nft(`delete table ${table}`));
  nft(`add chain ${table} in { type filter hook input priority 0 ; }`);
  nft(`add rule ${table} in ip daddr ${address} tcp dport { ${ports.join()} } drop`);
}

async function openLab(t: TestContext, roles: Roles): Promise<Lab> {
  const lab = await createLab(t, {
    silence: 4,
    fallback: "role-check",
    ...(await patronis(t, roles)),
  });
  lab.agent.vouched.add("primary/orders-1").add("replica/orders-2");
  await lab.settle(wantedOf("orders-1", ["orders-2"]));
  return lab;
}

/** Until then HAProxy's own view counts for nothing. */
const runsForTheLimit = (lab: Lab) =>
  until("HAProxy has run for the limit", 6_000, async () => {
    const reply = await sendOnce(lab.adminSocket, ["show info"], { deadlineMs: 10_000 });
    return (
      reply.kind === "reply" && Number(/Uptime_sec: (\d+)/.exec(reply.blocks[0] ?? "")?.[1]) >= 4
    );
  });

const isSilent = (lab: Lab) =>
  until("the agent counts as silent", 30_000, async () => {
    const reply = await sendOnce(lab.adminSocket, ["show servers state agent"], {
      deadlineMs: 10_000,
    });
    return reply.kind === "reply" && / agent \S+ 0 /.test(reply.blocks[0] ?? "");
  });

const goesTo = (lab: Lab, endpoint: string, node: string | undefined) =>
  until(
    `${endpoint} goes to ${node}`,
    60_000,
    async () => (await nodeBehind(lab.port(endpoint))) === node,
  );

test("with the agent silent, HAProxy follows the one node that says it is the primary", async (t) => {
  const roles = { "orders-1": replica(), "orders-2": replica(), "orders-3": primary() };
  const lab = await openLab(t, roles);
  assert.equal(await nodeBehind(lab.port("primary")), "orders-1", "the agent's word comes first");

  lab.agent.silent = true;
  await goesTo(lab, "primary", "orders-3");
  assert.ok(
    ["orders-1", "orders-2", "orders-3"].includes((await nodeBehind(lab.port("replica"))) ?? ""),
  );

  const client = openClient(lab.port("primary"));
  assert.equal(await client.node, "orders-3");
  roles["orders-3"] = replica();
  await client.ended;
});

test("with the agent silent, no client is left hanging while HAProxy goes from one leader to the next, again and again", async (t) => {
  const roles = { "orders-1": primary(), "orders-2": replica(), "orders-3": replica() };
  const lab = await openLab(t, roles);
  await runsForTheLimit(lab);
  lab.agent.silent = true;
  await isSilent(lab);
  const load = reconnectingClients(t, lab);
  const order = ["orders-1", "orders-3", "orders-2", "orders-1"] as const;
  for (const [index, next] of order.slice(1).entries()) {
    const old = order[index] ?? next;
    await until(`clients of ${old}`, 30_000, async () => load.served.at(-1) === old);
    roles[old] = replica();
    roles[next] = primary();
    const from = load.served.length;
    await until(`a client of ${next}`, 30_000, async () => load.served.indexOf(next, from) >= 0);
    const first = load.served.indexOf(next, from);
    // Longer than it takes to end the old leader's sessions.
    await pause(4_000);
    assert.deepEqual(new Set(load.served.slice(first)), new Set([next]));
  }
  await load.stop();
  assert.equal(load.hanging(), 0);
});

for (const [when, lost] of [
  ["as the agent falls silent", 0],
  ["while the agent is silent", 1],
] as const)
  test(`no client is left hanging by a leader whose packets are lost ${when}`, async (t) => {
    const roles = { "orders-1": primary(), "orders-2": replica(), "orders-3": replica() };
    const lab = await openLab(t, roles);
    await runsForTheLimit(lab);
    const old = openClient(lab.port("primary"));
    assert.equal(await old.node, "orders-1");
    lab.agent.silent = true;
    if (lost > 0) await isSilent(lab);

    losePackets(t, lab, "orders-1");
    roles["orders-3"] = primary();
    const clients: Client[] = [];
    const nodes: (string | undefined)[] = [];
    const come = async (): Promise<void> => {
      const client = openClient(lab.port("primary"));
      clients.push(client);
      void client.node.then((node) => nodes.push(node));
      await pause(200);
    };
    await until("a client of the next leader", 60_000, () =>
      come().then(() => nodes.includes("orders-3")),
    );
    for (let time = 0; time < 20; time++) await come();
    // A lost leader's own sessions are found within a minute.
    await until("nobody hangs", 40_000, () => nodes.length === clients.length);
    // Some were sent away.
    const served = new Set(nodes.filter((node) => node !== undefined));
    assert.deepEqual(served, new Set(["orders-3"]));
    await old.ended;
    for (const { socket } of clients) socket.destroy();
  });

test("clients that wait for a leader are served or sent away, and none is left hanging, when the agent falls silent", async (t) => {
  const roles = { "orders-1": replica(), "orders-2": replica(), "orders-3": primary() };
  const lab = await openLab(t, roles);
  await runsForTheLimit(lab);
  // As for a busy HAProxy, which hears late that nobody is where clients are sent that wait.
  loseAt(t, "127.0.0.1", [NOBODYS_PORT]);
  lab.agent.vouched.delete("primary/orders-1");
  await until("a client that waits", 10_000, async () => {
    const client = openClient(lab.port("primary"));
    const waits = await Promise.race([client.node.then(() => false), pause(500, true)]);
    client.socket.destroy();
    return waits;
  });
  const clients = Array.from({ length: 100 }, () => openClient(lab.port("primary")));
  const nodes: (string | undefined)[] = [];
  for (const client of clients) void client.node.then((node) => nodes.push(node));
  await pause(1_000);
  assert.deepEqual(nodes, [], "all wait");

  lab.agent.silent = true;
  await until("nobody hangs", 20_000, () => nodes.length === clients.length);
  for (const node of nodes) assert.ok(node === undefined || node === "orders-3", node);
  for (const { socket } of clients) socket.destroy();
  await goesTo(lab, "primary", "orders-3");
});

for (const how of ["killed", "frozen"] as const) {
  test(`with the agent ${how}, and when it is back, a leader that says it leads keeps its sessions, and nobody is sent away`, async (t) => {
    const roles = { "orders-1": primary(), "orders-2": replica(), "orders-3": replica() };
    const lab = await openLab(t, roles);
    await runsForTheLimit(lab);
    const writer = openClient(lab.port("primary"));
    const reader = openClient(lab.port("replica"));
    assert.deepEqual(await Promise.all([writer.node, reader.node]), ["orders-1", "orders-2"]);
    const served = async (): Promise<void> => {
      assert.equal(await nodeBehind(lab.port("primary")), "orders-1");
      assert.equal(await nodeBehind(lab.port("replica")), "orders-2");
    };
    let silent = false;

    if (how === "killed") await lab.agent.die();
    else lab.agent.silent = true;
    void isSilent(lab).then(() => {
      silent = true;
    });
    await until("the agent counts as silent", 30_000, async () => served().then(() => silent));
    // Longer than it takes a slot to go down.
    const since = performance.now();
    while (performance.now() - since < 4_000) await served();

    if (how === "killed") await lab.agent.live();
    else lab.agent.silent = false;
    await until("the agent speaks again", 10_000, async () => {
      await served();
      const reply = await sendOnce(lab.adminSocket, ["show servers state agent"], {
        deadlineMs: 10_000,
      });
      return reply.kind === "reply" && / agent \S+ 2 /.test(reply.blocks[0] ?? "");
    });
    await lab.settle(wantedOf("orders-1", ["orders-2"]));
    await served();
    assert.ok(writer.live() && reader.live(), "a session was ended");
    writer.socket.destroy();
    reader.socket.destroy();
  });
}

test("with the agent dead, sessions end on a leader that says that it no longer leads, and on one that doesn't say", async (t) => {
  for (const becomes of [replica(), { role: "primary", state: "stopping" }]) {
    const roles = { "orders-1": primary(), "orders-2": replica(), "orders-3": replica() };
    const lab = await openLab(t, roles);
    await runsForTheLimit(lab);
    const client = openClient(lab.port("primary"));
    assert.equal(await client.node, "orders-1");
    await lab.agent.die();
    await isSilent(lab);
    assert.ok(client.live());

    roles["orders-1"] = becomes;
    roles["orders-3"] = primary();
    await client.ended;
    await goesTo(lab, "primary", "orders-3");
  }
});

test("a HAProxy that starts beside a dead agent opens nothing before the limit", async (t) => {
  const roles = { "orders-1": replica(), "orders-2": replica(), "orders-3": primary() };
  const since = performance.now();
  const lab = await createLab(t, {
    silence: 4,
    silent: true,
    fallback: "role-check",
    ...(await patronis(t, roles)),
  });
  // Who comes meanwhile waits, or is refused.
  const behind = (endpoint: string) =>
    nodeBehind(lab.port(endpoint), undefined, undefined, 300).catch(() => undefined);
  while (performance.now() - since < 3_500) {
    const served = await Promise.all([behind("primary"), behind("replica")]);
    if (performance.now() - since < 4_000) assert.deepEqual(served, [undefined, undefined]);
  }
  await goesTo(lab, "primary", "orders-3");
});

test("with the agent silent, two primaries get no client, and neither does one that is starting", async (t) => {
  const roles = { "orders-1": primary(), "orders-2": primary(), "orders-3": replica() };
  const lab = await openLab(t, roles);
  lab.agent.silent = true;
  await goesTo(lab, "primary", undefined);

  roles["orders-2"] = { role: "primary", state: "starting" };
  await goesTo(lab, "primary", "orders-1");
  roles["orders-1"] = { role: "primary", state: "starting" };
  await goesTo(lab, "primary", undefined);
});

test("an agent that says closed is obeyed, whatever a node says of itself", async (t) => {
  const roles = { "orders-1": primary(), "orders-2": replica(), "orders-3": replica() };
  const lab = await openLab(t, roles);

  await lab.settle(wantedOf(undefined));
  for (let time = 0; time < 5; time++) {
    assert.equal(await nodeBehind(lab.port("primary")), undefined);
  }
});

test("the whitelist holds in the fallback too, and its sessions are cut when the agent is back", async (t) => {
  const roles = { "orders-1": replica(), "orders-2": replica(), "orders-3": primary() };
  const lab = await openLab(t, roles);
  await lab.settle(wantedOf("orders-1", ["orders-2"], blocks("127.0.0.1/32")));
  lab.agent.silent = true;
  await goesTo(lab, "primary", "orders-3");
  assert.equal(await nodeBehind(lab.port("primary"), "127.0.0.9"), undefined);
  const client = openClient(lab.port("primary"));
  assert.equal(await client.node, "orders-3");

  lab.agent.silent = false;
  await lab.apply(wantedOf("orders-1", ["orders-2"], blocks("127.0.0.1/32")));
  await client.ended;
  await goesTo(lab, "primary", "orders-1");
});

test("while the agent answers, HAProxy asks it for all slots at once and no node for its role", async (t) => {
  const roles = { "orders-1": primary(), "orders-2": replica(), "orders-3": replica() };
  const { asked, ...patroni } = await patronis(t, roles);
  const lab = await createLab(t, { silence: 4, fallback: "role-check", ...patroni });
  lab.agent.vouched.add("primary/orders-1").add("replica/orders-2");
  await lab.settle(wantedOf("orders-1", ["orders-2"]));
  await runsForTheLimit(lab);

  const before = { roles: asked(), slots: lab.agent.asked.slots, alive: lab.agent.asked.alive };
  await pause(3_000);
  assert.equal(asked(), before.roles);
  assert.equal(lab.agent.asked.slots, before.slots);
  assert.ok(lab.agent.asked.alive - before.alive >= 3);

  lab.agent.vouched.delete("replica/orders-2");
  await until("its slot is down", 10_000, async () => {
    const { replica } = (await lab.actual()).endpoints;
    return replica?.slots["orders-2"]?.up === false;
  });

  lab.agent.silent = true;
  await until("every node is asked", 10_000, async () => asked() >= before.roles + 6);
});
