import { z } from "zod";

import { Labels } from "./labels.ts";

const Strings = z.array(z.string()).optional();
const StringMap = z.record(z.string(), z.string()).optional();

/** The properties of @pulumi/docker's Container that this project uses. Memory is in MiB, times in seconds. */
export const ContainerInputs = z.strictObject({
  name: z.string(),
  image: z.string(),
  hostname: z.string().optional(),
  command: Strings,
  entrypoints: Strings,
  envs: Strings,
  user: z.string().optional(),
  networkMode: z.string().optional(),
  networksAdvanced: z
    .array(
      z.strictObject({
        name: z.string(),
        ipv4Address: z.string().optional(),
        aliases: Strings,
      }),
    )
    .optional(),
  ports: z
    .array(
      z.strictObject({
        internal: z.int(),
        external: z.int().optional(),
        ip: z.string().optional(),
        protocol: z.enum(["tcp", "udp"]).optional(),
      }),
    )
    .optional(),
  volumes: z
    .array(
      z.strictObject({
        containerPath: z.string(),
        hostPath: z.string().optional(),
        volumeName: z.string().optional(),
        readOnly: z.boolean().optional(),
      }),
    )
    .optional(),
  mounts: z
    .array(
      z.strictObject({
        type: z.enum(["bind", "volume", "tmpfs"]),
        target: z.string(),
        source: z.string().optional(),
        readOnly: z.boolean().optional(),
      }),
    )
    .optional(),
  tmpfs: StringMap,
  readOnly: z.boolean().optional(),
  init: z.boolean().optional(),
  labels: Labels,
  capabilities: z.strictObject({ adds: Strings, drops: Strings }).optional(),
  securityOpts: Strings,
  sysctls: StringMap,
  ulimits: z.array(z.strictObject({ name: z.string(), soft: z.int(), hard: z.int() })).optional(),
  dns: Strings,
  logDriver: z.string().optional(),
  logOpts: StringMap,
  memory: z.int().optional(),
  memorySwap: z.int().optional(),
  shmSize: z.int().optional(),
  restart: z.enum(["no", "always", "on-failure", "unless-stopped"]).optional(),
  healthcheck: z
    .strictObject({
      tests: z.array(z.string()),
      interval: z.string().optional(),
      timeout: z.string().optional(),
      startPeriod: z.string().optional(),
      retries: z.int().optional(),
    })
    .optional(),
  mustRun: z.boolean().optional(),
  wait: z.boolean().optional(),
  waitTimeout: z.int().optional(),
  stopTimeout: z.int().optional(),
  destroyGraceSeconds: z.int().optional(),
});

export type ContainerInputs = Readonly<z.infer<typeof ContainerInputs>>;
