import { isDeepStrictEqual } from "node:util";

import type { Change, Failure, State } from "../../../tools/airgap/plugin/kind.ts";
import { UNKNOWN } from "../../../tools/airgap/plugin/kind.ts";
import { mistakes } from "./check.ts";
import type { Settings } from "./inputs.ts";
import { boolean, map, object, required, string } from "./shape.ts";
import type { Table } from "./table.ts";

const TYPE = "pulumi:providers:aws";

/**
 * The provider itself. Without a region the real one goes no further (provider/errors/no_region.txt). The SDK sets the `skip…` ones of
 * itself; nothing here looks at them.
 */
const provider: Table = {
  inputs: {
    region: required(string),
    defaultTags: object({ tags: map(string) }),
    version: string,
    skipCredentialsValidation: boolean,
    skipMetadataApiCheck: boolean,
    skipRegionValidation: boolean,
    skipRequestingAccountId: boolean,
  },
  id: () => TYPE,
};

export function settingsMistakes(given: State): readonly Failure[] {
  return mistakes(TYPE, provider, parsed(given));
}

export function readSettings(given: State): Settings {
  const { region, defaultTags } = parsed(given);
  const tags =
    typeof defaultTags === "object" && defaultTags !== null
      ? Reflect.get(defaultTags, "tags")
      : defaultTags;
  return { region, defaultTags: tags };
}

/** Always in place: a change of region or tags shows at the resources, whose inputs have both. */
export function settingsChanges(before: State, after: State): readonly Change[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .map((property) => ({ property, kind: "update", replaces: false }));
}

/** Pulumi hands a provider everything but strings as JSON in a string. */
function parsed(given: State): State {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const { kind } = provider.inputs[name] ?? string;
      const isJson = kind !== "string" && typeof value === "string" && value !== UNKNOWN;
      return [name, isJson ? JSON.parse(value) : value];
    }),
  );
}
