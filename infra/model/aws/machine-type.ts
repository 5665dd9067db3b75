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
