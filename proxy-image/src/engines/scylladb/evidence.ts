import { z } from "zod";

import { Port } from "../port.ts";

export const CqlEvidence = z.strictObject({
  kind: z.literal("cql"),
  /** Port of CQL on every node. */
  port: Port,
  /** The name that every node of this ring gives its cluster. */
  cluster: z.string().min(1),
});

export type CqlEvidence = z.infer<typeof CqlEvidence>;
