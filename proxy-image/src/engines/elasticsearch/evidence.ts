import { z } from "zod";

import { Port } from "../port.ts";

export const ElasticsearchEvidence = z.strictObject({
  kind: z.literal("elasticsearch"),
  /** The cluster's name, which every node's health names. */
  cluster: z.string().min(1),
  /** Port of HTTP on every node. */
  http: Port,
});

export type ElasticsearchEvidence = z.infer<typeof ElasticsearchEvidence>;
