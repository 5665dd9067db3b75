import { z } from "zod";

import type { Cli } from "./cli.ts";

const Config = z.record(
  z.string(),
  z.object({ value: z.unknown().optional(), objectValue: z.unknown().optional() }),
);

/** By key, as the CLI has read it, secrets too: what stands in it may be full of mistakes. */
export type StackConfig = z.infer<typeof Config>;

export async function readConfig(cli: Cli): Promise<StackConfig> {
  return Config.parse(JSON.parse(await cli("config", "--json", "--show-secrets")));
}
