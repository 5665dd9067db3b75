import struct from "google-protobuf/google/protobuf/struct_pb.js";

type Struct = InstanceType<typeof struct.Struct>;

/** A property bag without Pulumi's marks, and the names of those top-level properties that hold a secret. */
export interface Properties {
  readonly values: Readonly<Record<string, unknown>>;
  readonly secrets: ReadonlySet<string>;
}

/** What a preview puts where a value is not known yet (Pulumi's `plugin.UnknownStringValue`). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

// Pulumi's `resource.SigKey`, `SecretSig`, `AssetSig` and `ArchiveSig`.
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const ASSETS: readonly unknown[] = [
  "c44067f5952c0a294b673a41bacd8c17",
  "0def7320c3a5731c473e5ecbe6d01bc7",
];

export function readProperties(message: Struct | undefined): Properties {
  const values: Record<string, unknown> = {};
  const secrets = new Set<string>();
  for (const [name, marked] of Object.entries(message?.toJavaScript() ?? {})) {
    if (marked === null) continue;
    values[name] = unwrap(marked, () => secrets.add(name));
  }
  return { values, secrets };
}

export function writeProperties({ values, secrets }: Properties): Struct {
  const marked = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [
      name,
      secrets.has(name) && value !== UNKNOWN ? { [SIGNATURE]: SECRET, value } : value,
    ]);
  return struct.Struct.fromJavaScript(Object.fromEntries(marked));
}

export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasUnknown);
}

/** Assets and archives stay as they came, mark and all. */
export function isAsset(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && ASSETS.includes(Reflect.get(value, SIGNATURE))
  );
}

function unwrap(value: unknown, onSecret: () => void): unknown {
  if (Array.isArray(value)) return value.map((item) => unwrap(item, onSecret));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const signature = entries.find(([key]) => key === SIGNATURE)?.[1];
  if (signature === SECRET) {
    onSecret();
    return unwrap(entries.find(([key]) => key === "value")?.[1], onSecret);
  }
  if (isAsset(value)) return value;
  if (signature !== undefined) throw new Error("resource references are not understood");
  return Object.fromEntries(
    entries.filter(([, item]) => item !== null).map(([key, item]) => [key, unwrap(item, onSecret)]),
  );
}
