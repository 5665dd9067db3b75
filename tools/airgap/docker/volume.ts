import type Docker from "dockerode";
import { z } from "zod";

import type { Kind } from "../plugin/kind.ts";
import { Labels, labelMap } from "./labels.ts";
import { unlessMissing } from "./missing.ts";

const inputs = z.strictObject({ name: z.string(), labels: Labels });

export function volumes(docker: Docker): Kind<z.infer<typeof inputs>> {
  return {
    inputs,
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
