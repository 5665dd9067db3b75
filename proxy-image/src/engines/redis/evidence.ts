import { z } from "zod";

import { Port } from "../port.ts";

export const SentinelEvidence = z.strictObject({
  kind: z.literal("sentinel"),
  /** The name by which the Sentinels watch this cluster's leader. */
  master: z.string().regex(/^[\w.-]+$/, "must be a name of letters, digits, dots and dashes"),
  /** Port of the Sentinel on every node. */
  sentinel: Port,
});

export type SentinelEvidence = z.infer<typeof SentinelEvidence>;
