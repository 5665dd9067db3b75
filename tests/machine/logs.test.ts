import assert from "node:assert/strict";
import { test } from "node:test";

import { runOnce } from "../support/containers.ts";
import { machineImage } from "../support/machine/machine.ts";

test("a log of 20,000 lines is read whole, of both streams", async () => {
  const { output } = await runOnce({
    image: await machineImage(),
    command: ["sh", "-c", "seq 10000; echo half >&2; sleep 0.2; seq 10001 20000"],
    network: "none",
  });

  const lines = output.trimEnd().split("\n");
  assert.equal(lines.length, 20_001);
  assert.deepEqual(
    lines.filter((line) => line !== "half"),
    Array.from({ length: 20_000 }, (_, index) => String(index + 1)),
  );
});
