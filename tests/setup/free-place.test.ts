import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";

import ipaddr from "ipaddr.js";

import { freePorts, isFree, parseRoutes, rangeOutside } from "../../tools/setup/free-place.ts";

const blocks = (...cidrs: string[]) => cidrs.map((cidr) => ipaddr.IPv4.parseCIDR(cidr));

test("a range that overlaps a route or a network in any way is not free", () => {
  const search = { first: 64, last: 127, from: 87 };

  assert.equal(rangeOutside([], search), "10.87.0.0/16");
  assert.equal(rangeOutside(blocks("10.87.240.0/24"), search), "10.88.0.0/16");
  assert.equal(rangeOutside(blocks("10.80.0.0/12"), search), "10.96.0.0/16");
  assert.equal(rangeOutside(blocks("10.87.0.0/16", "10.88.0.0/14"), search), "10.92.0.0/16");
});

test("the search goes round, and says when there is nothing left", () => {
  const search = { first: 64, last: 66, from: 66 };

  assert.equal(rangeOutside(blocks("10.66.0.0/16"), search), "10.64.0.0/16");
  assert.equal(rangeOutside(blocks("10.0.0.0/8"), search), undefined);
});

test("routes are read from the kernel's table, except the default route", () => {
  const table = [
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
    "eth0\t0000570A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
    "",
  ].join("\n");

  assert.deepEqual(
    parseRoutes(table).map(([address, bits]) => `${address}/${bits}`),
    ["10.87.0.0/16"],
  );
});

test("a port that something listens on is not free, nor is the block it is in", async () => {
  const first = await freePorts(63_000);
  const server = createServer();
  await new Promise<void>((ready) => {
    server.listen(first + 7, "127.0.0.1", ready);
  });

  assert.equal(await isFree(first + 7), false);
  assert.ok((await freePorts(first)) > first);
  server.close();
});
