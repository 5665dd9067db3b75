import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import ipaddr from "ipaddr.js";

import { createWhitelistFile, mapLinesOf } from "../../proxy-image/src/apply/whitelist.ts";
import { canonicalCidr } from "../../proxy-image/src/cidr.ts";

const NEVER = 253_402_300_799_000;

test("everybody is two blocks without an end", () => {
  assert.deepEqual(mapLinesOf(undefined), [
    { key: "0.0.0.0/0", value: NEVER },
    { key: "::/0", value: NEVER },
  ]);
});

test("a block within others lasts as long as the one that lasts longest", () => {
  const block = (cidr: string, until = Number.POSITIVE_INFINITY) => ({ cidr, until });
  const lines = mapLinesOf([
    block("10.0.0.0/8", 500),
    block("10.1.0.0/16", 900),
    block("10.1.2.0/24", 100),
    block("10.2.0.0/16", 100),
    block("192.0.2.0/24"),
    block("192.0.2.7/32", 100),
    block("198.51.100.7/32", 100),
    block("2001:db8::/32", 700),
    block("2001:db8:1::/48", 100),
  ]);
  assert.deepEqual(
    lines.map(({ value }) => value),
    [500, 900, 900, 500, NEVER, NEVER, 100, 700, 700],
  );
});

test("the longest block of any source lasts as long as any block that the source is in", () => {
  const address = fc.tuple(fc.constantFrom(10, 11), fc.nat(3), fc.nat(3), fc.nat(3));
  const block = fc
    .tuple(address, fc.constantFrom(7, 8, 16, 23, 24, 31, 32), fc.constantFrom(100, 200, Infinity))
    .map(([bytes, length, until]) => ({
      cidr: canonicalCidr(`${bytes.join(".")}/${length}`) ?? "",
      until,
    }));
  const list = fc.uniqueArray(block, { selector: ({ cidr }) => cidr, maxLength: 12 });
  fc.assert(
    fc.property(list, address, (blocks, bytes) => {
      const source = ipaddr.parse(bytes.join("."));
      const holds = (cidr: string) => source.match(ipaddr.parseCIDR(cidr));
      const length = (cidr: string) => Number(cidr.split("/")[1]);
      const [longest] = mapLinesOf(blocks)
        .filter(({ key }) => holds(key))
        .sort((a, b) => length(b.key) - length(a.key));
      const lasts = blocks.filter(({ cidr }) => holds(cidr)).map(({ until }) => until);
      assert.equal(
        longest?.value ?? 0,
        lasts.length === 0 ? 0 : Math.min(Math.max(...lasts), NEVER),
      );
    }),
  );
});

test("of lists that are written at once, the one that was asked for last stays, also after one that failed", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "whitelist-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = createWhitelistFile(folder);
  const long = Array.from({ length: 20_000 }, (_, value) => ({ key: "10.0.0.0/8", value }));
  await Promise.all([file.write(long), file.write([]), file.write([{ key: "::/0", value: 7 }])]);

  assert.equal(await readFile(file.path, "utf8"), "::/0 7\n");
  assert.deepEqual(await readdir(folder), ["whitelist.map"]);

  const broken = createWhitelistFile("/dev/null/nowhere");
  await assert.rejects(broken.write([]));
  await assert.rejects(broken.write([]), /ENOTDIR/);
});
