// Runs in a container on a deployment's private network: writes to nodes past the portals, and prints when each first acknowledged.
import { setTimeout as sleep } from "node:timers/promises";

import type { Target } from "../../tests/support/writer.ts";
import { drivers } from "./drivers.ts";

const PAUSE_MS = 5;

export interface Asked {
  readonly engine: string;
  readonly targets: readonly Target[];
}

const { engine, targets }: Asked = JSON.parse(process.argv[2] ?? "");
await Promise.any(targets.map(firstWriteOn));
// Whoever doesn't lead would be asked for ever.
process.exit();

async function firstWriteOn(target: Target): Promise<void> {
  for (let round = 0; ; round++) {
    const session = await drivers[engine]?.connect(target).catch(() => undefined);
    if (round === 0) console.log("asked");
    for (let row = 0; session !== undefined; row++) {
      const written = await session
        .write(`straight-${target.host}-${Date.now()}-${round}-${row}`)
        .then(
          () => "yes" as const,
          (error: { readonly code?: unknown; readonly message: string }) =>
            // A node that says no is asked again on the same connection; one that is gone, on another.
            /read.?only|NOREPLICAS|not.*primary|doesn't lead/i.test(error.message) ? "no" : "gone",
        );
      if (written === "yes") {
        console.log(`${target.host} ${performance.timeOrigin + performance.now()}`);
        return session.end();
      }
      if (written === "gone") break;
      await sleep(PAUSE_MS);
    }
    await session?.end();
    await sleep(PAUSE_MS);
  }
}
