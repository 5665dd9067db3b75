import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";

import { runToEnd } from "../../../../tests/support/docker.ts";
import { machineImage } from "../../../../tests/support/machine/machine.ts";

const ENGINES = resolve(import.meta.dirname, "../../..");
const TESTS = resolve(import.meta.dirname, "stewards.py");

for (const steward of [
  ...["mysql/steward", "postgresql/steward", "redis/steward", "scylladb/steward"],
  ...["rabbitmq/launch", "elasticsearch/launch"],
])
  test(`no fault ends ${steward} or a part of it in silence`, async () => {
    const { code, output } = await runToEnd(
      {
        Image: await machineImage(),
        Entrypoint: ["python3", "-B", "/stewards.py", steward],
        HostConfig: {
          Binds: [`${ENGINES}:/engines:ro`, `${TESTS}:/stewards.py:ro`],
          NetworkMode: "none",
          Tmpfs: { "/run": "size=64k" },
        },
      },
      120_000,
    );
    assert.equal(code, 0, output);
    assert.match(output, /\nOK\n$/);
  });
