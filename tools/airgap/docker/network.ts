// Networks and volumes, with the labels of all three kinds.
import { setTimeout as pause } from "node:timers/promises";

import type Docker from "dockerode";
import { z } from "zod";

import type { Kind } from "../plugin/kind.ts";

export const Labels = z.array(z.strictObject({ label: z.string(), value: z.string() })).optional();

const networkInputs = z.strictObject({
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

export function networks(docker: Docker): Kind<z.infer<typeof networkInputs>> {
  return {
    inputs: networkInputs,
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

const volumeInputs = z.strictObject({ name: z.string(), labels: Labels });

export function volumes(docker: Docker): Kind<z.infer<typeof volumeInputs>> {
  return {
    inputs: volumeInputs,
    inPlace: [],
    computed: ["driver", "mountpoint"],
    deleteBeforeReplace: true,
    /** A volume of that name that is there already is taken as it is, data and all: so does the engine. */
    async create({ name, labels }) {
      await docker.createVolume({ Name: name, Labels: labelMap(labels) });
      const { Driver, Mountpoint } = await docker.getVolume(name).inspect();
      return { id: name, outputs: { driver: Driver, mountpoint: Mountpoint } };
    },
    async read(id) {
      return (await unlessMissing(docker.getVolume(id).inspect())) ? {} : undefined;
    },
    update: async () => ({}),
    async remove(id) {
      await unlessMissing(docker.getVolume(id).remove());
    },
  };
}

export function labelMap(labels: z.infer<typeof Labels>): Record<string, string> {
  return Object.fromEntries((labels ?? []).map(({ label, value }) => [label, value]));
}

/** The answer, or nothing where the engine says that there is no such thing. Any other failure stays one. */
export async function unlessMissing<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : undefined;
}
