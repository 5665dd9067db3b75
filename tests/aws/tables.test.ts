import assert from "node:assert/strict";
import { test } from "node:test";

import type { Properties, Property, Shape } from "../support/aws/shape.ts";
import { tables } from "../support/aws/tables/all.ts";
import { type Declared, declaredObject, declaredResource } from "./declared.ts";

/** A change of these replaces under a condition: that of `alsoReplaces`. */
const UNDER_A_CONDITION: readonly string[] = [
  "aws:ec2/networkInterface:NetworkInterface.enablePrimaryIpv6",
  "aws:ec2/vpcEndpoint:VpcEndpoint.privateDnsEnabled",
];

for (const [type, table] of Object.entries(tables)) {
  test(`${type} has the properties that the installed SDK declares`, () => {
    const declared = declaredResource(type);
    assert.equal(declared.type, type);
    assert.deepEqual(differences(table.inputs, declared.inputs, ""), []);
    assert.deepEqual(
      Object.keys(table.outputs ?? {}).filter((name) => !declared.outputs.has(name)),
      [],
      "outputs that the SDK doesn't know",
    );
    assert.deepEqual(
      [
        ...(table.exactlyOneOf ?? []),
        ...(table.atMostOneOf ?? []),
        table.autoname ? [table.autoname.property] : [],
      ]
        .flat()
        .filter((name) => !(name in table.inputs)),
      [],
      "names that are not among the inputs",
    );
  });

  test(`${type}: what the SDK documents as replacing replaces`, () => {
    const documented = [...declaredResource(type).inputs]
      .filter(([name, { doc }]) => name in table.inputs && saysReplacing(doc))
      .map(([name]) => `${type}.${name}`)
      .filter((name) => !UNDER_A_CONDITION.includes(name));
    assert.deepEqual(
      documented.filter((name) => !table.inputs[name.split(".").at(-1) ?? ""]?.replaces),
      [],
    );
  });
}

function saysReplacing(doc: string): boolean {
  return /forces? (?:new|a new|replacement|recreation)|creates? a new resource/i.test(doc);
}

/** In words, every property in which a table and the declarations don't agree. */
function differences(
  known: Properties,
  declared: ReadonlyMap<string, Declared>,
  path: string,
): readonly string[] {
  const missing = [...declared]
    .filter(([name, { required }]) => required && !known[name])
    .map(([name]) => `${path}${name}: required, but not in the table`);
  const wrong = Object.entries(known).flatMap(([name, property]) => {
    const other = declared.get(name);
    if (!other) return [`${path}${name}: not declared`];
    return [...requirement(property, other, path + name), ...kinds(property, other, path + name)];
  });
  return [...missing, ...wrong];
}

function requirement({ required = false }: Property, declared: Declared, path: string) {
  return required === declared.required ? [] : [`${path}: required is ${declared.required}`];
}

function kinds(shape: Shape, declared: Declared, path: string): readonly string[] {
  const kind = shape.kind === "set" ? "list" : shape.kind;
  if (kind !== declared.kind) return [`${path}: a ${declared.kind}, not a ${kind}`];
  if (shape.kind === "object") {
    return differences(shape.of, declaredObject(declared.name ?? ""), `${path}.`);
  }
  if ("of" in shape && declared.of) return kinds(shape.of, declared.of, `${path}[]`);
  return [];
}
