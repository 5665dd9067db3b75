import { readdirSync } from "node:fs";
import { resolve } from "node:path";

import type { Engine } from "../../engines/table.ts";
import { fillNodeImage } from "../../infra/target/image-folders.ts";
import { imageOf } from "./docker.ts";

const PROJECT = resolve(import.meta.dirname, "../..");

/** An engine's node image as it is in the working tree. */
export function nodeImage(engine: Engine): Promise<string> {
  const folder = fillNodeImage(PROJECT, engine);
  return imageOf(`node-${engine}`, folder, readdirSync(folder));
}
