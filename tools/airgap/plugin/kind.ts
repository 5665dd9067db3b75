// What a resource type of a stand-in has to do, and how its properties are read, checked and compared.
import { isDeepStrictEqual } from "node:util";

import struct from "google-protobuf/google/protobuf/struct_pb.js";
import type { z } from "zod";

export type State = Readonly<Record<string, unknown>>;

/** One resource type of a stand-in: what it takes, what a change does to it, and the acts themselves. */
export interface Kind<Inputs = unknown> {
  /** Strict at every level: a property that the stand-in doesn't understand is refused by name. */
  readonly inputs: z.ZodType<Inputs>;
  /** Inputs whose change updates in place. A change of any other replaces. */
  readonly inPlace: readonly string[];
  /** Outputs that are known only once the resource exists. */
  readonly computed: readonly string[];
  /** True where an update makes the computed outputs anew. */
  readonly updateComputes?: boolean;
  /** Outputs that are secret even where no input is. */
  readonly secrets?: readonly string[];
  /** True where old and new can't be there at once, because they share a name or an address. */
  readonly deleteBeforeReplace?: boolean;
  /** Inputs as they are stored and compared: defaults, digests of files. */
  normalise?(inputs: State): Promise<State>;
  /** Outputs that ask for a replacement although no input changed. */
  expired?(state: State, now: Date): readonly string[];
  create(inputs: Inputs, cancelled: AbortSignal): Promise<{ id: string; outputs: State }>;
  /** Nothing: the resource is gone. */
  read(id: string, state: State): Promise<State | undefined>;
  update(id: string, inputs: Inputs, state: State): Promise<State>;
  remove(id: string, state: State): Promise<void>;
}

export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** Everything that is wrong with `inputs`. What a preview can't know yet is taken to be right. */
export function mistakes(schema: z.ZodType, inputs: State): readonly Failure[] {
  const result = schema.safeParse(inputs);
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        property: [...path, key].join("."),
        reason: "this stand-in for the real plugin does not understand the property",
      }));
    }
    if (hasUnknown(at(inputs, path))) return [];
    return [{ property: path.join("."), reason: issue.message }];
  });
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : inner),
    value,
  );
}

export interface Change {
  readonly property: string;
  readonly kind: "add" | "delete" | "update";
  readonly replaces: boolean;
}

/** What differs between stored and wanted inputs, and whether the resource survives it. */
export function changes(
  kind: Kind,
  { before, after, state }: { before: State; after: State; state: State },
  now: Date,
): readonly Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .map((property) => ({
      property,
      kind: kindOf(before[property], after[property]),
      replaces: !kind.inPlace.includes(property),
    }));
  const expired = (kind.expired?.(state, now) ?? []).map((property) => ({
    property,
    kind: "update" as const,
    replaces: true,
  }));
  return [...changed, ...expired];
}

function kindOf(before: unknown, after: unknown): Change["kind"] {
  if (before === undefined) return "add";
  return after === undefined ? "delete" : "update";
}

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

/** Assets and archives stay as they came, with Pulumi's marks. */
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
