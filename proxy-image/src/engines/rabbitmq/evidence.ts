import { z } from "zod";

import { Port } from "../port.ts";

export const AmqpEvidence = z.strictObject({
  kind: z.literal("amqp"),
  /** The cluster's name, which every node tells whoever connects. */
  cluster: z.string().min(1).max(255),
  /** Port of AMQP on every node. */
  amqp: Port,
});

export type AmqpEvidence = z.infer<typeof AmqpEvidence>;
