import assert from "node:assert/strict";
import test from "node:test";

import fc from "fast-check";

import { breadthOf } from "../../infra/model/block.ts";

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
