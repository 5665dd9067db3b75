import { createHash } from "node:crypto";

import type { State } from "../../../tools/airgap/plugin/kind.ts";
import { hasUnknown, UNKNOWN } from "../../../tools/airgap/plugin/kind.ts";
import type { Table } from "./table.ts";

/** Where Pulumi's bridge to Terraform's providers notes which inputs it has filled in itself. */
export const DEFAULTS = "__defaults";

/** The provider's own settings, those that show in resources. */
export interface Settings {
  readonly region?: unknown;
  readonly defaultTags?: unknown;
}

/** Inputs as they are stored and compared: with name, region and all tags. */
export function complete(
  table: Table,
  { name, random, given, old }: { name: string; random: string; given: State; old: State },
  settings: Settings,
): State {
  const defaults = { ...table.defaults?.(name), ...autoname(table, { name, random, old }) };
  const filled = Object.keys(defaults).filter((property) => given[property] === undefined);
  const inputs: Record<string, unknown> = { ...defaults, ...given };
  if ("region" in table.inputs) inputs.region ??= settings.region;
  if ("tags" in table.inputs) inputs.tagsAll = allTags(given.tags, settings.defaultTags);
  return filled.length > 0 ? { ...inputs, [DEFAULTS]: filled.sort() } : inputs;
}

/** Digits for a name, the same in a preview and in the update that follows it. */
export function randomDigits(seed: Uint8Array, urn: string): string {
  return createHash("sha256").update(seed).update(urn).digest("hex").slice(0, 7);
}

function autoname(
  { autoname }: Table,
  { name, random, old }: { name: string; random: string; old: State },
): State {
  if (!autoname) return {};
  const { property } = autoname;
  const filledBefore = old[DEFAULTS];
  const kept =
    Array.isArray(filledBefore) && filledBefore.includes(property) ? old[property] : undefined;
  return { [property]: kept ?? autoname.make(name, random) };
}

function allTags(tags: unknown, defaultTags: unknown): unknown {
  if (hasUnknown(tags) || hasUnknown(defaultTags)) return UNKNOWN;
  return { ...(defaultTags ?? {}), ...(tags ?? {}) };
}
