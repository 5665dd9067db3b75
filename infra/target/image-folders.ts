import { join } from "node:path";

import { bundleAgent } from "../../proxy-image/bundle.ts";
import { bundleStandIn } from "../../tools/airgap/engines/bundle.ts";
import type { Engine } from "../model/catalogue.ts";
import { catalogue } from "../model/catalogue.ts";
import { lendTrust } from "./trust.ts";

/** Puts what builds take in and a clone hasn't into the folders of the portal's image and of each engine's. */
export function fillImageFolders(project: string, engines: readonly Engine[]): void {
  bundleAgent();
  for (const engine of engines) {
    bundleStandIn(engine);
    if (catalogue[engine].downloads) lendTrust(join(project, "node-image", engine));
  }
}
