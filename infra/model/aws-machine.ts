// One EC2 machine: what is known of its type, what it is to run, and the user data that it starts with.
import { keys } from "./aws-bucket.ts";

/** What the model knows of a type of instance by its name, such as "m7g.large". */
export interface MachineType {
  /** Of its processor, and so of its machine image and its containers' images. */
  readonly architecture: Architecture;
  /** False: one of the older machines on Xen, where a volume has no name by its serial number. */
  readonly nitro: boolean;
  /** MiB. Undefined: not known here. */
  readonly memory: number | undefined;
}

export type Architecture = "arm64" | "amd64";

/** MiB that a container gets where nothing is known: what a portal needs. */
export const PORTAL_MEMORY = 512;

const GIB = 1024;

/** GiB for each vCPU in the generations 5 to 8: docs.aws.amazon.com/ec2/latest/instancetypes, "General purpose" and so on. */
const GIB_A_VCPU: Readonly<Record<string, number>> = { c: 2, m: 4, r: 8 };

/** GiB of the burstable ones. */
const BURSTABLE: Readonly<Record<string, number>> = {
  ...{ nano: 0.5, micro: 1, small: 2, medium: 4, large: 8, xlarge: 16, "2xlarge": 32 },
};

/** docs.aws.amazon.com/ec2/latest/instancetypes/ec2-nitro-instances.html, "Xen-based instances". */
const XEN = /^(t[12]|m[1-4]|c[134]|r[34]|i[23]|d2|f1|g2|g3s?|h1|hs1|p[23]|x1e?|cc2|cr1|cg1)$/;

export function machineType(type: string): MachineType {
  const [family = "", size = ""] = type.split(".");
  const [, series = "", generation = "", attributes = ""] =
    /^([a-z]+)(\d+)([a-z-]*)$/.exec(family) ?? [];
  // Graviton: the letter after the generation, and the very first one of all.
  const isArm = attributes.startsWith("g") || family === "a1";
  return {
    architecture: isArm ? "arm64" : "amd64",
    nitro: !XEN.test(family),
    memory: memoryOf(series, Number(generation), attributes, size),
  };
}

/** MiB that a machine's one container may use: a tenth, 512 MiB at least, is for the system, Docker and the machine's service. */
export function roomOn(type: string): number | undefined {
  const { memory } = machineType(type);
  return memory === undefined ? undefined : memory - Math.max(512, Math.ceil(memory / 10));
}

export function portalMemory(type: string): number {
  return roomOn(type) ?? PORTAL_MEMORY;
}

function memoryOf(
  series: string,
  generation: number,
  attributes: string,
  size: string,
): number | undefined {
  if (series === "t") return times(BURSTABLE[size], GIB);
  // c5n alone has a ratio of its own.
  const known = generation >= 5 && generation <= 8 && !(series === "c" && attributes === "n");
  return known ? times(GIB_A_VCPU[series], times(vcpusOf(size), GIB)) : undefined;
}

function vcpusOf(size: string): number | undefined {
  const [, times = ""] = /^(\d*)xlarge$/.exec(size) ?? [];
  if (size.endsWith("xlarge")) return 4 * Number(times || 1);
  return { medium: 1, large: 2 }[size];
}

function times(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a * b;
}

/** `machine.json`: what a machine is to run. Its reader, the machine's service, owns the contract. */
export interface MachineSettings {
  readonly contract: 1;
  readonly role: "node" | "portal";
  /** Id of the image, which is also the name of its archive. */
  readonly image: string;
  /** Limit of the container, in MiB. */
  readonly memory: number;
  readonly volume?: { readonly serial: string; readonly mount: string };
  /** The image is changed only once that machine reports the same one as running and healthy. */
  readonly after?: { readonly key: string };
  readonly documentKey?: string;
}

const MOUNT = "/var/lib/portico-data";

export function nodeMachine(image: string, memory: number, volumeId: string): MachineSettings {
  // The serial number that the instance sees is the volume's id without its dash.
  const volume = { serial: volumeId.replace("-", ""), mount: MOUNT };
  return { contract: 1, role: "node", image, memory, volume };
}

export function portalMachine(
  image: string,
  memory: number,
  deployment: string,
  after: string | undefined,
): MachineSettings {
  return {
    contract: 1,
    role: "portal",
    image,
    memory,
    documentKey: keys.document(deployment),
    ...(after !== undefined && { after: { key: keys.reported(deployment, after) } }),
  };
}

/** What identifies a machine. Nothing that changes in its life, and no secret. */
export interface MachineName {
  readonly bucket: string;
  readonly region: string;
  readonly deployment: string;
  /** A node (`orders-1`) or a portal (`orders-portal-1`). */
  readonly machine: string;
}

/** EC2 takes 16 KB of user data before base64. */
export const LONGEST_USER_DATA = 16 * 1024;

const NAME = /^[a-z0-9][a-z0-9.-]*$/;

/**
 * A machine's user data: `machine/user-data.sh` with its four names filled in. Instances are stopped and started, or replaced, when
 * it changes, so it must be the same for a machine's whole life. Throws on what the model never gives.
 */
export function userData(template: string, names: MachineName): string {
  const values: Readonly<Record<string, string>> = { ...names };
  const text = template.replaceAll(/@([a-z]+)@/g, (_, key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`user data asks for @${key}@, which no machine has`);
    // The value stands in a file that systemd reads line by line.
    if (!NAME.test(value))
      throw new Error(`user data: ${key} ${JSON.stringify(value)} is no plain name`);
    return value;
  });
  const bytes = Buffer.byteLength(text);
  if (bytes > LONGEST_USER_DATA)
    throw new Error(`user data has ${bytes} bytes, EC2 takes ${LONGEST_USER_DATA}`);
  return text;
}
