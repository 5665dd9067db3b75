import { z } from "zod";

import { Port } from "../port.ts";

export const ReqlEvidence = z.strictObject({
  kind: z.literal("reql"),
  /** Port on which every node serves drivers. A node's server bears the node's name. */
  port: Port,
});

export type ReqlEvidence = z.infer<typeof ReqlEvidence>;
