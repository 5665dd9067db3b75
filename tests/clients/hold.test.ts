import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { patienceOf } from "../../engines/client-form.ts";
import { catalogue, type Engine, engines, formsOf } from "../../engines/table.ts";
import { Authority } from "../support/authority.ts";
import { Clients } from "./run.ts";

/** Seconds: the longest that a deployment may have. */
const HOLD = 120;

// A portal that holds is silent, behind TLS where TLS ends there: of one host, so that no client gets its time twice.
const authority = await Authority.create();
const folder = await mkdtemp(join(tmpdir(), "portico-hold-"));
const caFile = join(folder, "ca.pem");
await writeFile(caFile, authority.pem);
const { certificate: cert, key } = await authority.issue(["localhost", "127.0.0.1"]);
const sockets = new Set<Socket>();
const silent = (socket: Socket) => {
  sockets.add(socket);
  socket.on("error", () => {});
};
const portals = { server: createServer(silent), portal: createTlsServer({ cert, key }, silent) };
for (const portal of Object.values(portals))
  await new Promise<void>((listens) => portal.listen(0, "127.0.0.1", listens));

const common = { user: "orders", password: "s3cret", database: "orders", ca: authority.pem };
// An endpoint of one node holds nobody.
const held = engines.filter((engine) => engine !== "scylladb");
const made = new Map<Engine, Clients>();
for (const engine of held) {
  const { port } = portals[catalogue[engine].tls].address() as AddressInfo;
  const forms = formsOf(engine, {
    ...{ ...common, caFile, deployment: "orders", route: "primary", patience: patienceOf(HOLD) },
    hosts: [{ host: "127.0.0.1", port }],
  });
  made.set(engine, await Clients.make(engine, forms, common, caFile));
}

after(async () => {
  for (const socket of sockets) socket.destroy();
  for (const portal of Object.values(portals)) portal.close();
  for (const clients of made.values()) await clients.remove();
  await rm(folder, { recursive: true });
});

// All at once, since they do nothing but wait.
const checked = [...made].map(([engine, clients]) => ({
  ...{ engine, names: clients.names },
  seen: clients.check("right", HOLD + 5),
}));
for (const { engine, names, seen } of checked)
  test(`${engine}: every client waits for as long as the longest hold`, async () => {
    const early = (await seen).filter(({ ms }) => ms < HOLD * 1000);
    assert.deepEqual(
      early.map(({ client, ms, error }) => `${client} ${ms / 1000} s: ${error}`),
      [],
    );
    assert.deepEqual((await seen).map(({ client }) => client).sort(), [...names].sort());
  });
