import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { TLSSocket } from "node:tls";

import { configure } from "../../../proxy-image/src/apply/configure.ts";
import { createWhitelistFile } from "../../../proxy-image/src/apply/whitelist.ts";
import { planCertificates } from "../../../proxy-image/src/plan/plan.ts";
import { Authority } from "../../support/authority.ts";
import { until } from "../../support/until.ts";
import {
  blocks,
  type Client,
  createLab,
  EVERYBODY,
  held,
  type Lab,
  nodeBehind,
  openClient,
  openTlsClient,
  wantedOf,
} from "../lab.ts";

test("a certificate that was renewed while a new process read the old one comes to that process too", async (t) => {
  const lab = await createLab(t, { tls: true });
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  const { worker } = await lab.actual();
  const { certificate, key } = await (await Authority.create()).issue(["renewed.example"]);
  // On disk the old one stays: what the new process has read.
  const renewed = { client: "", server: `${certificate}\n${key}` };
  const nameShown = async () => {
    const client = openTlsClient(lab.port("primary"));
    await client.secured;
    const name = (client.socket as TLSSocket).getPeerCertificate().subjectaltname;
    client.socket.destroy();
    return name;
  };
  await lab.haproxy.execute(planCertificates(lab.haproxy.certificates(), renewed));
  assert.equal(await nameShown(), "DNS:renewed.example");

  const longer = { ...lab.document, timing: { ...lab.document.timing, silence: 20 } };
  await lab.configure(longer, "the silence limit changed");
  await until("the new worker answers", 5_000, async () => (await lab.actual()).worker !== worker);
  await lab.haproxy.execute(planCertificates(lab.haproxy.certificates(), renewed));

  assert.equal(await nameShown(), "DNS:renewed.example");
});

test("after a reload no node is open, and an old worker's sessions are found and cut", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1").add("primary/orders-2").add("replica/orders-3");
  await lab.settle(wantedOf("orders-1", ["orders-3"]));
  const writer = openClient(lab.port("primary"));
  const reader = openClient(lab.port("replica"));
  await Promise.all([writer.node, reader.node]);
  const before = await lab.actual();

  const longer = { ...lab.document, timing: { ...lab.document.timing, silence: 20 } };
  const configured = await lab.configure(longer, "the silence limit changed");
  assert.equal(configured.kind, "reloaded");

  const after = await until("the new worker answers", 5_000, async () => {
    const reading = await lab.haproxy.read();
    return reading.kind === "actual" && reading.actual.worker !== before.worker && reading.actual;
  });
  assert.equal(after.endpoints.primary?.slots["orders-1"]?.admin, "maint");
  const newcomer = openClient(lab.port("primary"));
  assert.ok(writer.live() && reader.live(), "the reload itself broke a session");

  const commands = await lab.apply(wantedOf("orders-2", ["orders-3"]));
  assert.ok(
    commands.some(({ kind }) => kind === "cutOldWorker"),
    JSON.stringify(commands),
  );
  await writer.ended;
  assert.ok(reader.live(), "the reader's node was not cut");
  assert.equal(await newcomer.node, "orders-2");
  newcomer.socket.destroy();

  reader.socket.destroy();
  await until("the old worker is gone", 5_000, async () => {
    return (await lab.actual()).oldWorkers.length === 0;
  });
  assert.deepEqual(await lab.configure(longer, "no reason"), {
    kind: "unchanged",
  });
});

test("an entry that goes also cuts the sessions of an old worker", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  const guest = openClient(lab.port("primary"), "127.0.0.8");
  await guest.node;
  const longer = { ...lab.document, timing: { ...lab.document.timing, silence: 20 } };
  await lab.configure(longer, "the silence limit changed");

  await lab.settle(wantedOf("orders-1", [], blocks("127.0.0.1/32")));

  await guest.ended;
});

test("a config that HAProxy refuses changes nothing", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  const { worker } = await lab.actual();
  const broken = { ...lab.document, nodes: { "orders-1": { address: "nowhere", port: 5432 } } };

  const configured = await lab.configure(broken, "a broken document");

  assert.equal(configured.kind, "refused");
  assert.match(configured.kind === "refused" ? configured.why : "", /nowhere/);
  assert.equal((await lab.actual()).worker, worker);
  assert.equal(await nodeBehind(lab.port("primary")), "orders-1");
});

test("a reload that failed is made up for by the next call, also after a restart of the agent", async (t) => {
  const lab = await createLab(t);
  const { worker } = await lab.actual();
  const longer = { ...lab.document, timing: { ...lab.document.timing, silence: 20 } };
  const folder = mkdtempSync(join(tmpdir(), "master-"));
  const standIn = join(folder, "master.sock");
  const deaf = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("Success=0\n--\ncan't fork\n\n");
  }).listen(standIn);
  t.after(() => deaf.close());
  const text = readFileSync(join(lab.folder, "haproxy.cfg"), "utf8").replaceAll(
    "inter 1s fall 2",
    "inter 1s fall 3",
  );
  const file = createWhitelistFile(lab.folder);
  const options = { folder: lab.folder, file, render: () => text };

  const failed = await configure(
    { ...options, masterSocket: standIn },
    longer,
    () => EVERYBODY,
    "the silence limit changed",
  );
  assert.match(failed.kind === "refused" ? failed.why : failed.kind, /^reload: Success=0/);
  assert.equal((await lab.actual()).worker, worker);

  const again = () =>
    configure(
      { ...options, masterSocket: lab.masterSocket },
      longer,
      () => EVERYBODY,
      "it is owed",
    );
  assert.equal((await again()).kind, "reloaded");
  await until("the new worker answers", 5_000, async () => {
    const reading = await lab.haproxy.read();
    return reading.kind === "actual" && reading.actual.worker !== worker;
  });
  assert.deepEqual(await again(), { kind: "unchanged" });
});

test("a worker that crashed is replaced by one in which no node is open, and who comes waits", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1").add("primary/orders-2");
  await lab.settle(wantedOf("orders-1"));
  const { worker } = await lab.actual();
  const client = openClient(lab.port("primary"));
  await client.node;

  process.kill(Number(worker.split("@")[0]), "SIGKILL");
  await client.ended;
  // The master ends with its worker; the supervisor starts both again.
  await until("the master has ended", 5_000, () => lab.master.exitCode !== null);
  lab.restart();
  await until("HAProxy answers", 5_000, async () => (await lab.haproxy.read()).kind === "actual");

  const newcomer = openClient(lab.port("primary"));
  assert.equal((await lab.actual()).endpoints.primary?.slots["orders-1"]?.up, false);
  await lab.settle(wantedOf("orders-2"));
  assert.equal(await newcomer.node, "orders-2");
  newcomer.socket.destroy();
});

const CHANGES = {
  "the silence limit": ({ document }: Lab) => ({
    ...document,
    timing: { ...document.timing, silence: 20 },
  }),
  "the nodes": ({ document }: Lab) => {
    const moved = { address: "127.0.1.9", port: 5432 };
    return { ...document, nodes: { ...document.nodes, "orders-1": moved } };
  },
};

for (const [tls, [what, change]] of [false, true].flatMap((tls) =>
  Object.entries(CHANGES).map((entry) => [tls, entry] as const),
)) {
  const open = (lab: Lab) => (tls ? openTlsClient : openClient)(lab.port("primary"));

  test(`a reload for a change of ${what} refuses nobody${tls ? ", where TLS ends at the portal too" : ""}: who waits or comes is served when a leader is proved`, async (t) => {
    const lab = await createLab(t, { tls });
    lab.agent.vouched.add("primary/orders-1").add("primary/orders-2");
    await lab.settle(wantedOf("orders-1"));
    await lab.apply(held(wantedOf("orders-1")));
    const waiting = Array.from({ length: 20 }, () => open(lab));
    await Promise.all(waiting.map(connected));
    const { worker } = await lab.actual();

    const configured = await lab.configure(change(lab), what);
    assert.equal(configured.kind, "reloaded");
    await until("the new worker answers", 5_000, async () => {
      const reading = await lab.haproxy.read();
      return reading.kind === "actual" && reading.actual.worker !== worker;
    });
    const coming = Array.from({ length: 20 }, () => open(lab));
    await Promise.all(coming.map(connected));
    await pause(1_000);
    const all = [...waiting, ...coming];
    assert.equal(all.filter(({ live }) => live()).length, 40);
    assert.equal(lab.sessionsOn("orders-1") + lab.sessionsOn("orders-2"), 0);

    await lab.settle(wantedOf("orders-2"));

    const nodes = await Promise.all(all.map(({ node }) => node));
    assert.deepEqual(new Set(nodes), new Set(["orders-2"]));
    for (const { socket } of all) socket.destroy();
  });
}

const connected = ({ socket }: Client): Promise<void> =>
  socket.connecting
    ? new Promise((resolve) => socket.once("connect", () => resolve()))
    : Promise.resolve();
