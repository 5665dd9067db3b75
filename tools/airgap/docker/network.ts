import { setTimeout as pause } from "node:timers/promises";

import type Docker from "dockerode";
import { z } from "zod";

import type { Kind } from "../plugin/kind.ts";
import { Labels, labelMap } from "./labels.ts";
import { statusOf, unlessMissing } from "./missing.ts";

const inputs = z.strictObject({
  name: z.string(),
  driver: z.string().optional(),
  internal: z.boolean().optional(),
  ipv6: z.boolean().optional(),
  ipamConfigs: z
    .array(z.strictObject({ subnet: z.string(), gateway: z.string().optional() }))
    .optional(),
  options: z.record(z.string(), z.string()).optional(),
  labels: Labels,
});

/** Containers leave a network a moment after they have gone. */
const REMOVAL_DEADLINE_MS = 30_000;

export function networks(docker: Docker): Kind<z.infer<typeof inputs>> {
  return {
    inputs,
    inPlace: [],
    computed: ["scope"],
    deleteBeforeReplace: true,
    async create(wanted) {
      const network = await docker.createNetwork({
        Name: wanted.name,
        CheckDuplicate: true,
        Driver: wanted.driver ?? "bridge",
        Internal: wanted.internal ?? false,
        EnableIPv6: wanted.ipv6 ?? false,
        Options: wanted.options ?? {},
        Labels: labelMap(wanted.labels),
        IPAM: {
          Driver: "default",
          Config: (wanted.ipamConfigs ?? []).map(({ subnet, gateway }) => ({
            Subnet: subnet,
            ...(gateway ? { Gateway: gateway } : {}),
          })),
        },
      });
      const { Driver, Internal, Scope } = await network.inspect();
      return { id: network.id, outputs: { driver: Driver, internal: Internal, scope: Scope } };
    },
    async read(id) {
      return (await unlessMissing(docker.getNetwork(id).inspect())) ? {} : undefined;
    },
    update: async () => ({}),
    remove: (id) => remove(docker.getNetwork(id), Date.now() + REMOVAL_DEADLINE_MS),
  };
}

async function remove(network: Docker.Network, deadline: number): Promise<void> {
  try {
    await unlessMissing(network.remove());
  } catch (error) {
    if (statusOf(error) !== 403 || Date.now() > deadline) throw error;
    await pause(250);
    await remove(network, deadline);
  }
}
