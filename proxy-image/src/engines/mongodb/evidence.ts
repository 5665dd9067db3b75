import { z } from "zod";

/** Every member is asked at the port where it serves clients. */
export const ReplicaSetEvidence = z.strictObject({
  kind: z.literal("replica-set"),
  /** The replica set's name. */
  set: z.string().min(1),
});

export type ReplicaSetEvidence = z.infer<typeof ReplicaSetEvidence>;
