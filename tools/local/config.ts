import { z } from "zod";

import type { Cli } from "./cli.ts";

const Config = z.record(
  z.string(),
  z.object({ value: z.unknown().optional(), objectValue: z.unknown().optional() }),
);

/** By key, as the CLI has read it: what stands in it may be full of mistakes, which the program reports. */
export type StackConfig = z.infer<typeof Config>;

export async function readConfig(cli: Cli): Promise<StackConfig> {
  return Config.parse(JSON.parse(await cli("config", "--json")));
}
