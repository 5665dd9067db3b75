import { after, before, describe } from "node:test";

import { afterFailure } from "../../../../tests/support/after-failure.ts";
import { freeSubnet } from "../../../../tests/support/free-range.ts";
import { accessTests } from "./access.ts";
import { changeTests } from "./changes.ts";
import { Cluster } from "./cluster.ts";
import { durabilityTests } from "./durability.ts";
import { failureTests } from "./failures.ts";
import { buildImage } from "./image.ts";
import { processTests } from "./processes.ts";
import { slowClientTests } from "./slow-clients.ts";

describe("PostgreSQL's image", { concurrency: true }, () => {
  describe("three nodes of the image", { concurrency: false }, threeNodes);
  slowClientTests();
});

// One cluster for all of them: making it is what takes the time. Each leaves it whole and healthy.
function threeNodes(): void {
  let cluster: Cluster;

  before(
    async (test) => {
      cluster = await Cluster.create(await freeSubnet(), await buildImage());
      const begun = Date.now();
      await cluster.untilShownHealthy(300);
      test.diagnostic(`three healthy members after ${Math.round((Date.now() - begun) / 1000)} s`);
    },
    { timeout: 600_000 },
  );
  after(() => cluster?.remove());
  afterFailure(() => cluster.nodes.map((node) => cluster.container(node)));

  processTests(() => cluster);
  accessTests(() => cluster);
  changeTests(() => cluster);
  durabilityTests(() => cluster);
  failureTests(() => cluster);
}
