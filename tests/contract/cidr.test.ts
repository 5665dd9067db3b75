import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";
import ipaddr from "ipaddr.js";

import { canonicalCidr } from "../../proxy-image/src/cidr.ts";

for (const [text, canonical] of [
  ["203.0.113.7", "203.0.113.7/32"],
  ["203.0.113.7/24", "203.0.113.0/24"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["2001:DB8:0:0::1/64", "2001:db8::/64"],
  ["::/0", "::/0"],
  ["::ffff:203.0.113.7", undefined],
  ["203.0.113.7/33", undefined],
  ["203.0.113.7/-1", undefined],
  ["203.0.113.7/", undefined],
  ["203.0.113.7/24/8", undefined],
  ["203.0.113.07", undefined],
  ["0x7f.1", undefined],
  ["127.1", undefined],
  ["fe80::1%eth0", undefined],
  ["example.com", undefined],
  [" 203.0.113.7", undefined],
  ["", undefined],
] as const) {
  test(`${JSON.stringify(text)} is ${canonical ?? "no block"}`, () => {
    assert.equal(canonicalCidr(text), canonical);
  });
}

test("the canonical form is its own canonical form, in both families", () => {
  const v4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }));
  const v6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }));
  fc.assert(
    fc.property(fc.oneof(v4, v6), ([address, length]) => {
      const canonical = canonicalCidr(`${address}/${length}`);
      fc.pre(canonical !== undefined);
      assert.equal(canonicalCidr(canonical), canonical);
    }),
  );
});

test("an IPv4 block's canonical form is its network's, as ipaddr.js computes it", () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (address, length) => {
      const network = ipaddr.IPv4.networkAddressFromCIDR(`${address}/${length}`);
      assert.equal(canonicalCidr(`${address}/${length}`), `${network}/${length}`);
    }),
  );
});
