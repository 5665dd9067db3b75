// The inputs of a container, and what Docker's API calls them.
import type {
  ContainerCreateOptions,
  EndpointSettings,
  HostConfig,
  MountSettings,
} from "dockerode";
import { z } from "zod";

import { Labels, labelMap } from "./network.ts";

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

type Network = NonNullable<ContainerInputs["networksAdvanced"]>[number];

const MIB = 1024 * 1024;

/** What the engine's API calls the things that a person writes in a `docker.Container`. */
export function createOptions(wanted: ContainerInputs): ContainerCreateOptions {
  const [network] = wanted.networksAdvanced ?? [];
  const options: Partial<ContainerCreateOptions> = {
    Hostname: wanted.hostname,
    Cmd: wanted.command,
    Entrypoint: wanted.entrypoints,
    Env: wanted.envs,
    User: wanted.user,
    StopTimeout: wanted.stopTimeout,
    Healthcheck: healthcheck(wanted.healthcheck),
    NetworkingConfig: network && { EndpointsConfig: { [network.name]: endpoint(network) } },
  };
  return {
    ...known(options),
    name: wanted.name,
    Image: wanted.image,
    Labels: labelMap(wanted.labels),
    ExposedPorts: Object.fromEntries((wanted.ports ?? []).map((port) => [portKey(port), {}])),
    HostConfig: hostConfig(wanted),
  };
}

/** What an update changes in place: the engine applies it to the running container. */
export function limits(wanted: ContainerInputs): HostConfig {
  const { memory, memorySwap, restart } = wanted;
  return {
    RestartPolicy: { Name: restart ?? "no" },
    ...(memory === undefined ? {} : { Memory: memory * MIB }),
    ...(memorySwap === undefined ? {} : { MemorySwap: swap(memorySwap) }),
  };
}

export function endpoint({ ipv4Address, aliases }: Network): EndpointSettings {
  return {
    ...(aliases ? { Aliases: aliases } : {}),
    ...(ipv4Address ? { IPAMConfig: { IPv4Address: ipv4Address } } : {}),
  };
}

function hostConfig(wanted: ContainerInputs): HostConfig {
  const options: Partial<HostConfig> = {
    NetworkMode: wanted.networksAdvanced?.[0]?.name ?? wanted.networkMode,
    ReadonlyRootfs: wanted.readOnly,
    Init: wanted.init,
    Tmpfs: wanted.tmpfs,
    ShmSize: wanted.shmSize === undefined ? undefined : wanted.shmSize * MIB,
    Sysctls: wanted.sysctls,
    SecurityOpt: wanted.securityOpts,
    Dns: wanted.dns,
    CapAdd: wanted.capabilities?.adds,
    CapDrop: wanted.capabilities?.drops,
    Ulimits: wanted.ulimits?.map(({ name, soft, hard }) => ({
      Name: name,
      Soft: soft,
      Hard: hard,
    })),
    LogConfig:
      wanted.logDriver || wanted.logOpts
        ? { Type: wanted.logDriver ?? "json-file", Config: wanted.logOpts ?? {} }
        : undefined,
  };
  return {
    ...known(options),
    ...limits(wanted),
    Mounts: mounts(wanted),
    PortBindings: ports(wanted),
  };
}

function mounts({ volumes, mounts }: ContainerInputs): MountSettings[] {
  return [
    ...(volumes ?? []).map((volume) => ({
      Type: volume.hostPath ? ("bind" as const) : ("volume" as const),
      Source: volume.hostPath ?? volume.volumeName ?? "",
      Target: volume.containerPath,
      ReadOnly: volume.readOnly ?? false,
    })),
    ...(mounts ?? []).map((mount) => ({
      Type: mount.type,
      Source: mount.source ?? "",
      Target: mount.target,
      ReadOnly: mount.readOnly ?? false,
    })),
  ];
}

function ports({ ports }: ContainerInputs): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports ?? []) {
    const binding = { HostIp: port.ip ?? "0.0.0.0", HostPort: String(port.external ?? "") };
    bindings[portKey(port)] = [...(bindings[portKey(port)] ?? []), binding];
  }
  return bindings;
}

function healthcheck(check: ContainerInputs["healthcheck"]) {
  if (!check) return undefined;
  return known({
    Test: check.tests,
    Interval: nanoseconds(check.interval),
    Timeout: nanoseconds(check.timeout),
    StartPeriod: nanoseconds(check.startPeriod),
    Retries: check.retries,
  });
}

/** A Go duration of one unit, as people write them: "250ms", "5s", "1m". */
function nanoseconds(duration: string | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(duration) ?? [];
  const size = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }[unit ?? ""];
  if (!amount || !size) throw new Error(`"${duration}" is not a duration such as "5s"`);
  return Number(amount) * size;
}

function portKey({
  internal,
  protocol,
}: {
  internal: number;
  protocol?: string | undefined;
}): string {
  return `${internal}/${protocol ?? "tcp"}`;
}

function swap(mebibytes: number): number {
  return mebibytes > 0 ? mebibytes * MIB : mebibytes;
}

type Known<Options> = { [Name in keyof Options]: Exclude<Options[Name], undefined> };

function known<Options extends object>(options: Options): Known<Options> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Known<Options>;
}
