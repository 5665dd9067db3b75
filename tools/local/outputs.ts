import { z } from "zod";

const Deployment = z.object({
  engine: z.string(),
  version: z.string().optional(),
  servedBy: z.string().optional(),
  ca: z.string(),
  /** In the order of each endpoint's hosts. */
  portals: z.array(z.object({ name: z.string(), status: z.string() })),
  endpoints: z.record(
    z.string(),
    z.object({
      uri: z.string(),
      hosts: z.array(z.object({ host: z.string(), port: z.number() })),
    }),
  ),
});

export type Deployment = z.infer<typeof Deployment>;

/** The part of the stack's outputs that a person needs to connect. Holds passwords. */
export function parseDeployments(json: string): Readonly<Record<string, Deployment>> {
  return z.object({ deployments: z.record(z.string(), Deployment) }).parse(JSON.parse(json))
    .deployments;
}
