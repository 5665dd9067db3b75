import { z } from "zod";

import { Port } from "../port.ts";

export const PatroniEvidence = z.strictObject({
  kind: z.literal("patroni"),
  /** Patroni's scope: the keys are below `/service/<scope>/`. */
  scope: z.string().min(1),
  /** Port of Patroni's REST interface on every node. */
  patroni: Port,
  /** Port of etcd's client interface on every node. */
  etcd: Port,
});

export type PatroniEvidence = z.infer<typeof PatroniEvidence>;
