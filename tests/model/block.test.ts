import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import {
  addressIn,
  blockOf,
  breadthOf,
  contains,
  findNested,
  overlaps,
} from "../../infra/model/block.ts";
import { canonicalCidr } from "../../proxy-image/src/cidr.ts";

const anyIpv4 = fc
  .tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }))
  .map(([address, length]) => canonicalCidr(`${address}/${length}`) ?? assert.fail(address));

const anyIpv6 = fc
  .tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }))
  .map(([address, length]) => canonicalCidr(`${address}/${length}`))
  .filter((cidr) => cidr !== undefined);

const anyBlock = fc.oneof(anyIpv4, anyIpv6);
/** Few addresses, so that blocks do meet. */
const closeBlocks = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 20, max: 32 }))
    .map(([last, length]) => canonicalCidr(`10.0.0.${last}/${length}`) ?? assert.fail()),
  { maxLength: 40 },
);

test("a canonical block is its own canonical form", () => {
  fc.assert(fc.property(anyBlock, (cidr) => assert.equal(canonicalCidr(cidr), cidr)));
});

test("any spelling of a block has the same canonical form", () => {
  fc.assert(
    fc.property(anyIpv6, (cidr) => {
      const [address = "", length] = cidr.split("/");
      assert.equal(canonicalCidr(`${address.toUpperCase()}/${length}`), cidr);
    }),
  );
});

test("two blocks nest or are apart", () => {
  fc.assert(
    fc.property(anyBlock, anyBlock, (one, other) => {
      const [a, b] = [blockOf(one), blockOf(other)];
      assert.equal(overlaps(a, b), contains(a, b) || contains(b, a));
    }),
  );
});

test("a block has as many addresses as its length says", () => {
  fc.assert(
    fc.property(anyBlock, (cidr) => {
      const { first, last, family } = blockOf(cidr);
      const bits = family === "ipv4" ? 32 : 128;
      assert.equal(last - first + 1n, 2n ** BigInt(bits - Number(cidr.split("/")[1])));
    }),
  );
});

test("every address that a block gives out lies in it", () => {
  fc.assert(
    fc.property(anyIpv4, fc.nat(), (cidr, offset) => {
      const block = blockOf(cidr);
      if (block.first + BigInt(offset) > block.last)
        assert.throws(() => addressIn(cidr, offset), RangeError);
      else assert.ok(contains(block, blockOf(`${addressIn(cidr, offset)}/32`)));
    }),
  );
});

test("one pass finds the entries within others that comparing all pairs finds", () => {
  fc.assert(
    fc.property(closeBlocks, (cidrs) => {
      const unique = [...new Set(cidrs)];
      const expected = unique.filter((inner) =>
        unique.some((outer) => outer !== inner && contains(blockOf(outer), blockOf(inner))),
      );
      const found = findNested(unique);
      assert.deepEqual(found.map(({ inner }) => inner).sort(), expected.sort());
      for (const { inner, outer } of found) assert.ok(contains(blockOf(outer), blockOf(inner)));
    }),
  );
});

test("the narrowest entry around is the one that is named", () => {
  assert.deepEqual(findNested(["10.0.0.0/8", "10.1.1.0/24", "10.1.0.0/16"]), [
    { inner: "10.1.0.0/16", outer: "10.0.0.0/8" },
    { inner: "10.1.1.0/24", outer: "10.1.0.0/16" },
  ]);
});

const TABLE: readonly (readonly [
  what: string,
  cidrs: readonly string[],
  v4: number,
  v6: number,
])[] = [
  ["nothing", [], 0, 0],
  ["everything", ["0.0.0.0/0", "::/0"], 1, 1],
  ["two halves", ["0.0.0.0/1", "128.0.0.0/1"], 1, 0],
  ["two halves of IPv6", ["::/1", "8000::/1"], 0, 1],
  ["a block and one inside it", ["10.0.0.0/8", "10.1.0.0/16"], 2 ** -8, 0],
  ["the same block twice", ["10.0.0.0/8", "10.0.0.0/8"], 2 ** -8, 0],
  ["blocks apart, out of order", ["172.0.0.0/8", "10.0.0.0/8"], 2 ** -7, 0],
  ["one address of each family", ["203.0.113.7/32", "2001:db8::1/128"], 2 ** -32, 2 ** -128],
  ["the first and the last address", ["255.255.255.255/32", "0.0.0.0/32"], 2 ** -31, 0],
];

for (const [what, cidrs, v4, v6] of TABLE)
  test(`the breadth of ${what}`, () => assert.deepEqual(breadthOf(cidrs), { v4, v6 }));

/** Blocks of /8 and narrower within 10.0.0.0/8, so that many overlap. */
const block = fc
  .record({ length: fc.integer({ min: 8, max: 16 }), second: fc.integer({ min: 0, max: 255 }) })
  .map(({ length, second }) => `10.${second & (0xff << (16 - length)) & 0xff}.0.0/${length}`);

test("the breadth of a union is that of the addresses in it, counted one by one", () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 12 }), (cidrs) => {
      const covered = new Set<number>();
      for (const cidr of cidrs) {
        const [second, length] = [Number(cidr.split(".")[1]), Number(cidr.split("/")[1])];
        for (let one = 0; one < 2 ** (16 - length); one++) covered.add(second + one);
      }
      assert.equal(breadthOf(cidrs).v4, covered.size / 2 ** 16);
    }),
  );
});
