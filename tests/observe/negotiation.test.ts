import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeNegotiation } from "../../proxy-image/src/engines/postgresql/port-watch.ts";

test("nothing yet is no answer", () => {
  assert.equal(decodeNegotiation(Buffer.alloc(0)), undefined);
});

test("each first byte means one thing, whatever follows", () => {
  for (let first = 0; first < 256; first++) {
    const expected = "GNE".includes(String.fromCharCode(first)) ? "open" : "other";
    assert.equal(decodeNegotiation(Buffer.from([first]))?.kind, expected);
    assert.equal(decodeNegotiation(Buffer.from([first, 0, 255]))?.kind, expected);
  }
});
