import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";

import Docker from "dockerode";

import { BASE_IMAGE } from "../../infra/model/stack.ts";
import { Progress } from "../../tools/local/change.ts";
import { namesStack } from "../../tools/local/cli.ts";
import {
  assignSlots,
  difference,
  isSlotFree,
  judge,
  keepPlace,
  placeOf,
  portsIn,
  readStored,
} from "../../tools/local/place.ts";
import { connectOnce } from "../../tools/local/probe.ts";
import { knownIds } from "../../tools/local/recover.ts";
import { freePorts } from "../../tools/setup/free-place.ts";

const anySlot = async () => true;

test("a deployment keeps its slot, and a new one gets the lowest free", async () => {
  assert.deepEqual(await assignSlots(["orders", "billing"], {}, anySlot), {
    billing: 0,
    orders: 1,
  });
  const slots = { billing: 0, orders: 2 };
  assert.deepEqual(await assignSlots(["orders", "billing", "audit"], slots, anySlot), {
    billing: 0,
    orders: 2,
    audit: 1,
  });
});

test("the slot of a deployment that is gone stays reserved, for its data is still there", async () => {
  assert.deepEqual(await assignSlots(["orders"], { old: 0 }, anySlot), { old: 0, orders: 1 });
});

test("a deployment may have the name of what every object has", async () => {
  const slots = await assignSlots(["constructor"], {}, anySlot);
  assert.deepEqual(slots, { constructor: 0 });
  assert.deepEqual(
    difference({ slots: {} }, { ...place, slots }).filter((part) => part.includes("slots")),
    ['portico:local.slots["constructor"]=0'],
  );
});

test("a new deployment goes past a slot that another stack has ports in, and those there stay", async () => {
  const isFreeSlot = async (slot: number) => slot !== 1;
  assert.deepEqual(await assignSlots(["orders", "audit"], { orders: 1 }, isFreeSlot), {
    orders: 1,
    audit: 0,
  });
  assert.deepEqual(await assignSlots(["orders", "audit"], { orders: 0 }, isFreeSlot), {
    orders: 0,
    audit: 2,
  });
});

test("stacks of one machine look for their places apart, so that one that is stopped finds its own again", () => {
  const names = ["portico", ...Array.from({ length: 9 }, (_, index) => `portico-${index + 2}`)];
  const places = names.map(placeOf);

  assert.deepEqual(places[0], { from: 87, firstPort: 15_432 });
  for (const key of ["from", "firstPort"] as const)
    assert.equal(new Set(places.map((place) => place[key])).size, names.length);
  assert.deepEqual(placeOf("a-name-of-mine"), places[0]);
  for (const { from, firstPort } of [...places, placeOf("portico-4000")])
    assert.ok(from >= 64 && from <= 127 && firstPort < 32_000);
});

test("what another program listens on is found before a slot is given out", async () => {
  const firstPort = await freePorts(62_000);
  const server: Server = createServer();
  await new Promise<void>((ready) => {
    server.listen(firstPort + 7, "127.0.0.1", ready);
  });
  try {
    assert.equal(await isSlotFree({ firstPort }, 0), false);
    assert.equal(await isSlotFree({ firstPort }, 1), true);
  } finally {
    server.close();
  }
});

const configWith = (orders: object) => ({
  "portico:target": { value: "local" },
  "portico:deployments": { objectValue: { orders: { engine: "postgresql", ...orders } } },
});

const place = { name: "portico", range: "10.87.0.0/16", firstPort: 15_432, slots: { orders: 1 } };

test("the ports that must be free are those of every portal, however many there are", () => {
  const ports = (orders: object) => portsIn(judge(configWith(orders), place)).toSorted();

  assert.deepEqual(
    ports({}),
    Array.from({ length: 6 }, (_, index) => 15_452 + index),
  );
  assert.deepEqual(
    ports({ portals: 4 }),
    [0, 1, 2, 3, 4, 5, 12, 13, 14, 16, 17, 18].map((offset) => 15_452 + offset),
  );
});

test("a config with mistakes is refused with all of them before anything is written to it", async () => {
  const decided = { name: "portico", range: place.range, firstPort: await freePorts(62_000) };
  const kept = (orders: object, local: object = decided) => {
    const calls: string[][] = [];
    const setup = { docker: new Docker(), baseImage: BASE_IMAGE, env: {} };
    const cli = async (...args: string[]) => String(calls.push(args));
    const written = keepPlace(setup, cli, {
      ...configWith(orders),
      "portico:local": { objectValue: local },
    });
    return { written, calls };
  };
  const refused = kept({ portals: 15, nodes: 2 }, { ...decided, frstPort: 1 });

  await assert.rejects(refused.written, {
    name: "SetupError",
    message:
      /^The stack config can't be used:\n.* local: unknown key "frstPort"; did you mean "firstPort"\?\n.*orders\.nodes: must be odd.*\n.*orders\.portals: must be 1 to 4$/,
  });
  assert.deepEqual(refused.calls, []);
  const good = kept({});
  await good.written;
  assert.match(String(good.calls), /^config,set-all,.*,portico:local\.slots\["orders"\]=0$/);
});

test("a mistyped portico:local is told as a person's mistake, with its path", () => {
  assert.deepEqual(readStored(undefined), {});
  assert.deepEqual(readStored({ objectValue: place }), place);
  const mistyped = [
    [{ objectValue: { ...place, firstPort: "many" } }, /portico:local\.firstPort: .*number/],
    [{ objectValue: { ...place, slots: { orders: "x" } } }, /portico:local\.slots\.orders: /],
    [{ value: "here" }, /portico:local: .*object/],
  ] as const;
  for (const [entry, why] of mistyped) {
    assert.throws(() => readStored(entry), { name: "SetupError", message: why });
  }
});

test("the local stack's passphrase is for the local stack alone", () => {
  for (const args of [["-s", "local"], ["--stack", "local"], ["--stack=local"], ["-slocal"]]) {
    assert.ok(namesStack(["up", ...args], "local"), args.join(" "));
  }
  for (const args of [[], ["-s", "prod"], ["local"], ["--stack=locals"], ["-s"]]) {
    assert.ok(!namesStack(["up", ...args], "local"), args.join(" "));
  }
});

const urn = (type: string, name: string) => `urn:pulumi:local::portico::${type}::${name}`;
const container = urn("portico:local:Portal$docker:index/container:Container", "orders-portal-1");

test("progress is one line for what changed, none for what did not", () => {
  const progress = new Progress();
  const event = (body: object) => JSON.stringify({ sequence: 1, timestamp: 10, ...body });
  const outputs = (op: string, of: string, custom = true) =>
    event({ timestamp: 22, resOutputsEvent: { metadata: { op, urn: of, new: { custom } } } });

  assert.deepEqual(
    progress.lines(event({ resourcePreEvent: { metadata: { op: "create", urn: container } } })),
    [],
  );
  assert.deepEqual(progress.lines(outputs("create", container)), [
    "  created container orders-portal-1 (12 s)",
  ]);
  assert.deepEqual(progress.lines(outputs("same", container)), []);
  assert.deepEqual(progress.lines(outputs("refresh", container)), []);
  const group = urn("portico:local:Portal", "orders-portal-1");
  assert.deepEqual(progress.lines(outputs("create", group, false)), []);
  const key = urn("portico:local:Node$tls:index/privateKey:PrivateKey", "orders-1");
  assert.deepEqual(progress.lines(outputs("create", key)), [], "one of dozens");
  assert.deepEqual(progress.lines(outputs("create-replacement", key)), [
    "  created anew privatekey orders-1",
  ]);
});

test("what the CLI warns of is said once, and its word on plugins never", () => {
  const progress = new Progress();
  const warning = (message: string, severity = "warning") =>
    JSON.stringify({ timestamp: 1, diagnosticEvent: { message, severity, urn: container } });

  assert.deepEqual(progress.lines(warning("no route\n", "error")), [
    "  ✗ container orders-portal-1: no route",
  ]);
  assert.deepEqual(progress.lines(warning("no route\n", "error")), []);
  assert.deepEqual(progress.lines(warning("using pulumi-resource-tls from $PATH at /x")), []);
  assert.deepEqual(progress.lines(warning("Registering resource", "debug")), []);
  assert.deepEqual(progress.lines("error: passphrase"), ["error: passphrase"]);
});

test("asked to end, it says nothing of what is broken off by that, and all of what failed by itself", () => {
  const progress = new Progress();
  const error = (message: string) =>
    JSON.stringify({
      timestamp: 1,
      diagnosticEvent: { message, severity: "error", urn: container },
    });
  const broken = "Step 4/9 : RUN apt-get update\nGet:1 trixie InRelease\nThe build was aborted";

  assert.equal(progress.lines(error(broken)).length, 1);
  progress.end();
  assert.deepEqual(progress.lines(error(`once more: ${broken}`)), []);
  assert.deepEqual(progress.lines(error("update canceled")), []);
  assert.equal(progress.lines(error("no space left on device")).length, 1);
});

test("what the state knows is known by its id, pending replacements too", () => {
  const resources = [
    { urn: container, type: "docker:index/container:Container", id: "a1" },
    { urn: container, type: "docker:index/container:Container", id: "a0" },
    { urn: urn("portico:local:Portal", "p"), type: "portico:local:Portal" },
  ];
  assert.deepEqual(knownIds({ resources }), new Set(["a1", "a0"]));
  assert.deepEqual(knownIds(undefined), new Set());
});

const listenerAt = (port: number) => ({
  host: "127.0.0.1",
  port,
  engine: "postgresql" as const,
  ca: "",
});

test("a portal that lets this machine in answers PostgreSQL's request for TLS", async () => {
  await serving(
    (socket) => socket.once("data", (data) => socket.end(data.length === 8 ? "S" : "E")),
    async (port) => assert.deepEqual(await connectOnce(listenerAt(port), 5_000), { kind: "open" }),
  );
});

test("a portal that refuses, or says nothing, is told apart with the reason", async () => {
  await serving(
    (socket) => socket.destroy(),
    async (port) => assert.equal((await connectOnce(listenerAt(port), 5_000)).kind, "refused"),
  );
  await serving(
    () => {},
    async (port) =>
      assert.deepEqual(await connectOnce(listenerAt(port), 100), {
        kind: "refused",
        why: "no answer within 0.1 s",
      }),
  );
});

async function serving(answer: (socket: Socket) => void, use: (port: number) => Promise<void>) {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    answer(socket);
  });
  await new Promise<void>((ready) => {
    server.listen(0, "127.0.0.1", ready);
  });
  const address = server.address();
  try {
    await use(typeof address === "object" && address ? address.port : 0);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}
