import { z } from "zod";

import { Port } from "../port.ts";

export const GroupReplicationEvidence = z.strictObject({
  kind: z.literal("group-replication"),
  /** Port on every node at which its steward says, over TLS with a peer certificate, whom it may be sent. */
  steward: Port,
});

export type GroupReplicationEvidence = z.infer<typeof GroupReplicationEvidence>;
