import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inserting } from "../../engines/postgresql/tests/client.ts";
import { signalAgents } from "../support/agents.ts";
import { exec, execWell, runOnce, until } from "../support/containers.ts";
import { questionsLeaveNoLogLine } from "../support/pool.ts";
import { startWriter } from "../support/writer.ts";
import {
  addressOf,
  container,
  documentFile,
  engine,
  leader,
  logLines,
  NODES,
  orders,
  PORTALS,
  query,
  targets,
  whole,
} from "./orders.ts";

beforeEach(() => whole());

async function imageOf(name: string): Promise<string> {
  return (await engine.getContainer(container(name)).inspect()).Image;
}

/** A program of the node's image, as a stranger on the portals' network. */
async function stranger(...command: string[]) {
  const image = await imageOf(NODES[0]);
  return runOnce({ image, command, network: `${orders.prefix}-public`, user: "postgres" });
}

const publicAddress = async (portal: string): Promise<string> => {
  const { NetworkSettings } = await engine.getContainer(container(portal)).inspect();
  return NetworkSettings.Networks[`${orders.prefix}-public`]?.IPAddress ?? "";
};

/** Asks through a URI of the outputs, as a person on this machine does. */
async function answerOf(uri: string) {
  const caFile = new URL(
    uri.replace(/^postgresql:/, "http:").replace(/,[^/]*/, ""),
  ).searchParams.get("sslrootcert");
  const image = await imageOf(NODES[0]);
  const command = ["/usr/lib/postgresql/17/bin/psql", uri, "-Atc", "SELECT 40 + 2"];
  const binds = [`${caFile}:${caFile}:ro`];
  const { code, output } = await runOnce({ image, command, network: "host", binds });
  return { code, output: output.trim() };
}

test("psql takes the printed uri as it is, certificates verified, through either portal alone and both", async () => {
  const { uri = "", uris = [] } = orders.outputs.endpoints.primary ?? {};

  for (const each of [uri, ...uris])
    assert.deepEqual(await answerOf(each), { code: 0, output: "42" });
});

test("a session's line in the log says who was behind the connection that the database saw", async () => {
  const began = Date.now();
  const [seen] = await query(
    "SELECT host(inet_client_addr()) AS portal, inet_client_port() AS port, host(inet_server_addr()) AS node",
  );

  const logged = await until("the session's line", 10, async () =>
    (await logLines(PORTALS[0], began)).find(
      ({ endpoint, portalPort }) => endpoint === "primary" && portalPort === seen?.port,
    ),
  );
  assert.equal(logged.client, orders.gateway);
  assert.equal(await addressOf(String(logged.node)), seen?.node);
});

test("the portals' questions leave no line in PostgreSQL's log", () =>
  questionsLeaveNoLogLine(orders, /^\d{4}-\d\d-\d\d /));

test("reads go to replicas, spread over both", async () => {
  const servers = new Set<unknown>();
  await until("answers of both replicas", 20, async () => {
    const [row] = await query(
      "SELECT inet_server_addr() AS server, pg_is_in_recovery() AS replica",
      "replica",
    );
    assert.equal(row?.replica, true);
    servers.add(row?.server);
    return servers.size === 2;
  });
});

test("a source that is not on the whitelist is refused, and the log says so within 5 s with endpoint, reason and count", async () => {
  const began = Date.now();
  const address = await publicAddress(PORTALS[0]);
  const psql = [
    "/usr/lib/postgresql/17/bin/psql",
    `host=${address} port=5432 user=orders dbname=orders sslmode=require`,
    "-c",
    "SELECT 1",
  ];

  const { code, output } = await stranger(...psql);

  assert.notEqual(code, 0);
  assert.doesNotMatch(output, /password/, "a stranger must not get as far as the password");
  await until("the refusal in the log", 5, async () =>
    (await logLines(PORTALS[0], began)).find(
      ({ endpoint, reason, count }) =>
        endpoint === "primary" && reason === "not on the whitelist" && Number(count) > 0,
    ),
  );
});

test("the status page obeys the whitelist too", async () => {
  const { status } = orders.outputs.portals[0] as { status: string };
  const admitted = (await (await fetch(status)).json()) as {
    endpoints: { primary: { gate: string } };
  };
  assert.equal(admitted.endpoints.primary.gate, "open");

  const address = await publicAddress(PORTALS[0]);
  const { code } = await stranger(
    "python3",
    "-c",
    `import urllib.request as u; u.urlopen("http://${address}:8404/status", timeout=5)`,
  );
  assert.notEqual(code, 0);
});

test("nodes can be reached neither from the portals' network nor by name", async () => {
  const address = await addressOf(NODES[0]);
  const image = await imageOf(NODES[0]);
  const lookUp = (name: string) => [
    "python3",
    "-c",
    `import socket; socket.getaddrinfo("${name}", 5432)`,
  ];
  for (const name of [NODES[0], container(NODES[0])]) {
    assert.notEqual((await stranger(...lookUp(name))).code, 0, `${name} has an address`);
  }
  assert.equal((await stranger(...lookUp(PORTALS[0]))).code, 0, "a portal has one");

  // What a stranger sends to a node's address goes to this machine, which must not know the way. (Not tried by
  // connecting: without a way here, the packets would leave this machine.)
  const script = "import json; print(json.dumps([l.split() for l in open('/proc/net/route')][1:]))";
  const routes = await runOnce({ image, command: ["python3", "-c", script], network: "host" });
  const ways = (JSON.parse(routes.output) as string[][]).map(([device, to, , , , , , mask]) => ({
    device,
    covers: (littleEndian(mask) & number(address)) === littleEndian(to) && littleEndian(mask) !== 0,
  }));
  assert.ok(ways.length > 0);
  assert.deepEqual(
    ways.filter(({ covers }) => covers),
    [],
  );
});

const number = (address: string): number =>
  address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0) | 0;

/** /proc/net/route has addresses as the machine keeps them. */
const littleEndian = (hex = "0"): number => Buffer.from(hex, "hex").readInt32LE();

test("nodes can reach neither the outside nor this machine's own services", async () => {
  const probe = (host: string, port: number) =>
    exec(container(NODES[0]), [
      "python3",
      "-c",
      `import socket; socket.create_connection(("${host}", ${port}), timeout=15)`,
    ]);

  for (const [host, port] of [
    ["192.0.2.1", 443],
    [orders.gateway, 22],
    [`${await gatewayOfNodes()}`, 22],
    [await publicAddress(PORTALS[0]), 5432],
  ] as const) {
    const { code, output } = await probe(host, port);
    assert.notEqual(code, 0);
    // Neither refused nor timed out, which is what a node with a way out would see.
    assert.match(output, /unreachable|No route/i, `${host}:${port} must not be on any way`);
  }
});

async function gatewayOfNodes(): Promise<string> {
  const { NetworkSettings } = await engine.getContainer(container(NODES[0])).inspect();
  return (Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? "").replace(/\d+$/, "1");
}

test("an agent that is killed breaks no connection and changes no route", async (t) => {
  const old = await leader();
  const writer = startWriter(t, targets("primary"), inserting("written"), { sessions: 4 });
  const connecting = startWriter(t, targets("primary"), inserting("written"), {
    sessions: 2,
    everyWrite: true,
  });
  await writer.nextAck(30_000);

  await signalAgents(orders, PORTALS, "KILL");
  await sleep(5000);
  await Promise.all([writer.nextAck(30_000), connecting.nextAck(30_000)]);

  assert.deepEqual((await writer.stop()).failures, []);
  assert.deepEqual((await connecting.stop()).failures, []);
  assert.equal(await leader(), old);
});

test("an agent that is frozen for 6 s, which is less than the limit, breaks no connection", async (t) => {
  const writer = startWriter(t, targets("primary"), inserting("written"), { sessions: 4 });
  const connecting = startWriter(t, targets("primary"), inserting("written"), {
    sessions: 2,
    everyWrite: true,
  });
  await writer.nextAck(30_000);

  await signalAgents(orders, PORTALS, "STOP");
  await sleep(6000);
  await signalAgents(orders, PORTALS, "CONT");
  await sleep(5000);
  await Promise.all([writer.nextAck(30_000), connecting.nextAck(30_000)]);

  assert.deepEqual((await writer.stop()).failures, []);
  assert.deepEqual((await connecting.stop()).failures, []);
});

test("a broken document changes nothing, raises an alarm, and is replaced by the next good one", async (t) => {
  const path = documentFile();
  const good = await readFile(path, "utf8");
  const began = Date.now();
  const writer = startWriter(t, targets("primary"), inserting("written"), { sessions: 2 });
  await writer.nextAck(30_000);

  try {
    await writeFile(path, good.slice(0, good.length / 2));
    await until("the alarm", 10, async () =>
      (await logLines(PORTALS[0], began)).find(
        ({ alarm, msg }) => alarm === true && /document is refused/.test(String(msg)),
      ),
    );
    await writer.nextAck(10_000);
  } finally {
    await writeFile(path, good);
  }
  assert.deepEqual((await writer.stop()).failures, []);
});

test("a portal that is killed serves nobody until it has proof again, and the other one is enough", async (t) => {
  const [, second] = targets("primary");
  assert.ok(second);
  const writer = startWriter(t, [second], inserting("written"), { sessions: 2 });
  await writer.nextAck(30_000);

  await engine.getContainer(container(PORTALS[0])).kill();
  await writer.nextAck(10_000);
  const both = orders.outputs.endpoints.primary?.uri ?? "";
  assert.deepEqual(await answerOf(both), { code: 0, output: "42" });
  await engine.getContainer(container(PORTALS[0])).start();
  await until("the first portal", 30, () => query("SELECT 1", "primary", 0));

  assert.deepEqual((await writer.stop()).failures, []);
});

test("a HAProxy that crashed is started again, and serves once there is proof", async (t) => {
  const [, second] = targets("primary");
  assert.ok(second);
  const writer = startWriter(t, [second], inserting("written"), { sessions: 2 });
  await writer.nextAck(30_000);

  await execWell(container(PORTALS[0]), ["pkill", "-KILL", "-x", "haproxy"], "haproxy");
  await until("the first portal", 30, () => query("SELECT 1", "primary", 0));

  assert.deepEqual((await writer.stop()).failures, []);
});

test("no process of a portal or a node is root", async () => {
  for (const name of [...NODES, ...PORTALS]) {
    const { Titles, Processes } = await engine
      .getContainer(container(name))
      .top({ ps_args: "-eo user,pid,args" });
    const user = Titles.indexOf("USER");
    const root = Processes.filter((line: string[]) => line[user] === "root" || line[user] === "0");
    assert.deepEqual(root, [], name);
  }
});
