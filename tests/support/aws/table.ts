import type { State } from "../../../tools/airgap/plugin/kind.ts";
import { map, type Properties, replacing, string } from "./shape.ts";

/** One resource type, as data. Whoever reads a table finds in its file where its facts come from. */
export interface Table {
  /** Those that a component of ours would use; the installed @pulumi/aws has all of them (tests/aws). */
  readonly inputs: Properties;
  /** What AWS says of a new resource. An input of the same name has precedence. Unknown in a preview. */
  readonly outputs?: Readonly<Record<string, (made: Made) => unknown>>;
  readonly id: (making: Making) => string;
  /** The input that Pulumi fills with a unique name. Given by the program, it can't be there twice: delete before replace. */
  readonly autoname?: { readonly property: string; make(name: string, random: string): string };
  /** Other inputs that Pulumi fills in. */
  readonly defaults?: (name: string) => State;
  readonly exactlyOneOf?: readonly (readonly string[])[];
  readonly atMostOneOf?: readonly (readonly string[])[];
  /** Inputs whose change replaces under a condition. Asked for every change. */
  readonly alsoReplaces?: (change: Before & { readonly after: State }) => readonly string[];
  /** Outputs that every update makes anew. */
  readonly renewed?: readonly string[];
}

export interface Before {
  readonly before: State;
  /** Inputs and outputs, as stored. */
  readonly state: State;
}

export interface Making {
  /** The resource's name in the program. */
  readonly name: string;
  readonly region: string;
  readonly inputs: State;
  /** Hexadecimal digits, always the same for the same resource with the same inputs. */
  hex(length: number, of?: string): string;
}

export interface Made extends Making {
  readonly id: string;
}

/** Pulumi's provider writes the region into the inputs (provider/region.go); another region is another resource. */
export const inRegion: Properties = { region: replacing(string) };

/** Beside `tags` the provider keeps `tagsAll`: these and its own `defaultTags` (provider/tags.go). */
export const tagged: Properties = { tags: map(string) };

export const named = {
  property: "name",
  make: (name: string, random: string) => `${name}-${random}`,
} as const;
