import { nearest } from "../../../infra/config/values.ts";
import type { Failure, State } from "../../../tools/airgap/plugin/kind.ts";
import { isAsset, UNKNOWN } from "../../../tools/airgap/plugin/kind.ts";
import type { Properties, Property } from "./shape.ts";
import type { Table } from "./table.ts";

/** Everything that is wrong with `inputs`. What a preview can't know yet is taken to be right. */
export function mistakes(type: string, table: Table, inputs: State): readonly Failure[] {
  return [...inObject(type, table.inputs, inputs, ""), ...inChoices(table, inputs)];
}

export function unknownName(what: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const hint = meant === undefined ? `it knows ${known.join(", ")}` : `did you mean "${meant}"?`;
  return `this stand-in for Pulumi's AWS plugin knows no ${what} "${name}"; ${hint}`;
}

function inObject(type: string, known: Properties, given: State, path: string): Failure[] {
  const missing = Object.entries(known)
    .filter(([name, { required }]) => required && given[name] === undefined)
    .map(([name]) => ({ property: path + name, reason: `${type} needs it` }));
  const others = Object.entries(given).flatMap(([name, value]) => {
    const shape = known[name];
    const property = path + name;
    return shape
      ? inValue(type, shape, value, property)
      : [{ property, reason: unknownName(`property of ${type}`, name, Object.keys(known)) }];
  });
  return [...missing, ...others];
}

function inValue(type: string, shape: Property, value: unknown, property: string): Failure[] {
  if (value === UNKNOWN) return [];
  const wrong = [
    {
      property,
      reason: `${type} takes a value of kind ${shape.kind} here, not ${JSON.stringify(value)}`,
    },
  ];
  switch (shape.kind) {
    case "list":
    case "set":
      if (!Array.isArray(value)) return wrong;
      return value.flatMap((item, index) => inValue(type, shape.of, item, `${property}[${index}]`));
    case "map":
      if (!isRecord(value)) return wrong;
      return Object.entries(value).flatMap(([key, item]) =>
        inValue(type, shape.of, item, `${property}.${key}`),
      );
    case "object":
      return isRecord(value) ? inObject(type, shape.of, value, `${property}.`) : wrong;
    case "asset":
      return isAsset(value) ? [] : wrong;
    default:
      return typeof value === shape.kind ? inText(type, shape, String(value), property) : wrong;
  }
}

function inText(
  type: string,
  { takes }: { readonly takes?: RegExp },
  text: string,
  property: string,
): Failure[] {
  if (takes === undefined || takes.test(text)) return [];
  return [{ property, reason: `${type} takes no ${JSON.stringify(text)} here, only ${takes}` }];
}

function inChoices({ exactlyOneOf = [], atMostOneOf = [] }: Table, given: State): Failure[] {
  const count = (names: readonly string[]) =>
    names.filter((name) => given[name] !== undefined).length;
  const complain = (names: readonly string[], how: string) => ({
    property: names.join(", "),
    reason: `${how} of them must be given`,
  });
  return [
    ...exactlyOneOf
      .filter((names) => count(names) !== 1)
      .map((names) => complain(names, "exactly one")),
    ...atMostOneOf.filter((names) => count(names) > 1).map((names) => complain(names, "only one")),
  ];
}

function isRecord(value: unknown): value is State {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isAsset(value);
}
