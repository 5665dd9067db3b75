import { isDeepStrictEqual } from "node:util";

import type { Change, State } from "../../../tools/airgap/plugin/kind.ts";
import { DEFAULTS } from "./inputs.ts";
import { map, type Property, type Shape, string } from "./shape.ts";
import type { Before, Table } from "./table.ts";

/**
 * What differs between stored and wanted inputs, leaf by leaf, each under its path. What a preview doesn't know yet counts as a change,
 * as it does in the provider.
 */
export function changes(table: Table, old: Before, after: State): readonly Change[] {
  const conditional = table.alsoReplaces?.({ ...old, after }) ?? [];
  const names = new Set([...Object.keys(old.before), ...Object.keys(after)]);
  names.delete(DEFAULTS);
  return [...names].flatMap((name) => {
    const shape = shapeOf(table, name);
    const replaces = shape.replaces === true || conditional.includes(name);
    return between(shape, old.before[name], after[name], { path: name, replaces });
  });
}

/** A name that the program gave is taken as long as the old resource has it. */
export function deleteBeforeReplace({ autoname }: Table, after: State): boolean {
  if (!autoname || after[autoname.property] === undefined) return false;
  const defaults = after[DEFAULTS];
  return !(Array.isArray(defaults) && defaults.includes(autoname.property));
}

interface Location {
  readonly path: string;
  readonly replaces: boolean;
}

function between(
  shape: Shape,
  before: unknown,
  after: unknown,
  location: Location,
): readonly Change[] {
  if (same(shape, before, after)) return [];
  if (before === undefined) return [change(shape, "add", after, location)];
  if (after === undefined) return [change(shape, "delete", before, location)];
  if ((shape.kind === "list" || shape.kind === "set") && isList(before) && isList(after)) {
    const { length } = before.length > after.length ? before : after;
    return Array.from({ length }).flatMap((_, index) =>
      between(shape.of, before[index], after[index], {
        ...location,
        path: `${location.path}[${index}]`,
      }),
    );
  }
  if ((shape.kind === "map" || shape.kind === "object") && isObject(before) && isObject(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
      const inner: Property = shape.kind === "map" ? shape.of : (shape.of[key] ?? string);
      return between(inner, before[key], after[key], {
        path: location.path + step(key),
        replaces: location.replaces || inner.replaces === true,
      });
    });
  }
  return [change(shape, "update", after, location)];
}

function change(shape: Shape, kind: Change["kind"], value: unknown, location: Location): Change {
  return {
    property: location.path,
    kind,
    replaces: location.replaces || holdsReplacing(shape, value),
  };
}

/** Whether a block that comes or goes as a whole has a part that replaces. */
function holdsReplacing(shape: Shape, value: unknown): boolean {
  if (shape.kind !== "object" || !isObject(value)) return false;
  return Object.entries(shape.of).some(
    ([name, inner]) =>
      value[name] !== undefined && (inner.replaces || holdsReplacing(inner, value[name])),
  );
}

function same(shape: Shape, before: unknown, after: unknown): boolean {
  if (shape.kind === "set" && isList(before) && isList(after)) {
    const sorted = (items: readonly unknown[]) => items.map((item) => JSON.stringify(item)).sort();
    return isDeepStrictEqual(sorted(before), sorted(after));
  }
  return isDeepStrictEqual(before, after);
}

function shapeOf(table: Table, name: string): Property {
  if (name === "tagsAll") return map(string);
  const shape = table.inputs[name];
  if (!shape) throw new Error(`the state has a property "${name}" that the tables don't have`);
  return shape;
}

/** As Pulumi writes property paths. */
function step(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isObject(value: unknown): value is State {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
