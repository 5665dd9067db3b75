import assert from "node:assert/strict";
import { createServer as createWebServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { type TestContext, test } from "node:test";

import { linesFor, serves } from "../../tools/local/introduce.ts";
import { judgeProbe, ownSource, probe, sourcesIn } from "../../tools/local/probe.ts";

const pageSaying = (gate: string, why: string) => ({ endpoints: { primary: { gate, why } } });
const open = { kind: "open" } as const;
const refused = { kind: "refused", why: "read ECONNRESET" } as const;
const held = pageSaying("held", "no leader");

for (const [what, answer, page, found] of [
  ["one that answers serves", open, pageSaying("open", "orders-1 leads"), open],
  ["one that answers serves, whatever became of its page", open, undefined, open],
  [
    "one that is held serves nobody, for the reason on its page, though TLS is answered",
    open,
    held,
    { kind: "shut", why: "new connections wait: no leader" },
  ],
  [
    "one that is closed serves nobody, for the reason on its page",
    refused,
    pageSaying("closed", "no leader; held for 30 s"),
    { kind: "shut", why: "new connections are refused: no leader; held for 30 s" },
  ],
  [
    "one that says that it serves, and doesn't, is told by what the connection met",
    refused,
    pageSaying("open", "orders-1 leads"),
    { kind: "shut", why: "read ECONNRESET" },
  ],
  [
    "one whose page is silent too may refuse this machine",
    refused,
    undefined,
    { kind: "silent", why: "read ECONNRESET" },
  ],
] as const)
  test(`a portal: ${what}`, () => assert.deepEqual(judgeProbe(answer, page, "primary"), found));

/** Listens on a free port of this machine for as long as the test. */
async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((ready) => {
    server.listen(0, "127.0.0.1", ready);
  });
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test("a portal that has no leader yet is tried again until it has one", async (t) => {
  let looks = 0;
  const page = createWebServer((_, response) => {
    looks += 1;
    response.end(JSON.stringify(looks === 1 ? held : pageSaying("open", "orders-1 leads")));
  });
  const portal = createServer((socket) => socket.once("data", () => socket.end("S")));
  const [port, statusPort] = [await listening(t, portal), await listening(t, page)];
  const listener = { host: "127.0.0.1", port, engine: "postgresql" as const, ca: "" };
  const status = `http://127.0.0.1:${statusPort}/status`;

  assert.deepEqual(await probe(listener, "primary", status, 20_000), open);
  assert.equal(looks, 2);
});

const BEGAN = Date.parse("2026-06-01T12:00:00.000Z");
const line = (time: string, source: string) =>
  JSON.stringify({ time, source, endpoint: "primary", count: 1, reason: "not on the whitelist" });

test("whom a portal has refused is read from its log, of this probe alone", () => {
  const log = [
    line("2026-06-01T11:59:59.000Z", "203.0.113.9"),
    "[NOTICE] of HAProxy",
    JSON.stringify({ time: "2026-06-01T12:00:01.000Z", source: "203.0.113.8", sessions: 1 }),
    line("2026-06-01T12:00:01.000Z", "10.87.0.1"),
    line("2026-06-01T12:00:02.000Z", "10.87.0.1"),
  ].join("\n");

  assert.deepEqual(sourcesIn(log, BEGAN), ["10.87.0.1"]);
});

test("a stranger's address is never taken for this machine's", () => {
  const here = { gateway: "10.87.0.1", network: "10.87.0.0/20", virtual: false };
  const virtual = { ...here, virtual: true };

  assert.equal(ownSource(["203.0.113.9", "10.87.0.1"], here), "10.87.0.1");
  assert.equal(ownSource(["203.0.113.9"], here), undefined);
  assert.equal(ownSource(["10.87.0.40"], virtual), undefined, "another container");
  assert.equal(ownSource(["10.87.0.40", "192.168.65.1"], virtual), "192.168.65.1");
  assert.equal(ownSource(["192.168.65.1", "192.168.65.2"], virtual), undefined);
  assert.equal(ownSource([], virtual), undefined);
});

test("a start fails where no portal of a deployment serves, and not where they refuse this machine", () => {
  const at = { portal: "portico-orders-portal-1", at: "127.0.0.1:15452" };
  const shut = { ...at, kind: "shut", why: "no leader" } as const;
  const silent = { ...at, kind: "silent", why: "connect ECONNREFUSED" } as const;

  assert.equal(serves([shut, silent]), false);
  assert.equal(serves([shut, { ...at, ...open }]), true);
  assert.equal(serves([silent, { ...at, kind: "refused", source: "10.87.0.1" }]), true);
});

test("the whitelist is advised where it was the reason alone", () => {
  const at = { portal: "portico-orders-portal-1", at: "127.0.0.1:15452" };

  assert.deepEqual(linesFor("orders", [{ ...at, ...open }]), []);
  assert.deepEqual(linesFor("orders", [{ ...at, kind: "shut", why: "new connections wait: x" }]), [
    "  ✗ 127.0.0.1:15452 doesn't serve at the moment: new connections wait: x",
  ]);
  assert.match(
    linesFor("orders", [{ ...at, kind: "silent", why: "connect ECONNREFUSED" }]).join(),
    /^ {2}✗ 127\.0\.0\.1:15452 doesn't answer[^,]*, nor .*docker logs portico-orders-portal-1$/,
  );
  const refusals = [1, 2].map(() => ({ ...at, kind: "refused", source: "10.87.0.1" }) as const);
  assert.match(
    linesFor("orders", refusals).slice(1).join("\n"),
    /refused this machine: .* 10\.87\.0\.1\n {2}To let it in: .*orders\.whitelist\["10\.87\.0\.1\/32"\]/,
  );
  assert.equal(linesFor("orders", refusals).length, 3, "the advice is given once");
});
