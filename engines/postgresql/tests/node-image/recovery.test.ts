import { after, before, describe } from "node:test";

import { afterFailure } from "../../../../tests/support/after-failure.ts";
import { freeSubnet } from "../../../../tests/support/free-range.ts";
import { Cluster } from "./cluster.ts";
import { buildImage } from "./image.ts";
import { rewindTests } from "./rewinds.ts";
import { rivalTests } from "./rivals.ts";
import { strandedTests } from "./stranded.ts";
import { tornTests } from "./torn.ts";

// Of what is left where something is lost in the midst of a promotion, of PostgreSQL's work or of pg_rewind's. Each leaves the cluster whole and healthy.
describe("three nodes that recover", { concurrency: false }, () => {
  let cluster: Cluster;

  before(
    async () => {
      cluster = await Cluster.create(await freeSubnet(), await buildImage());
      await cluster.untilShownHealthy(300);
    },
    { timeout: 600_000 },
  );
  after(() => cluster?.remove());
  afterFailure(() => cluster.nodes.map((node) => cluster.container(node)));

  rivalTests(() => cluster);
  tornTests(() => cluster);
  rewindTests(() => cluster);
  strandedTests(() => cluster);
});
