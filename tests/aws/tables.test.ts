import assert from "node:assert/strict";
import { test } from "node:test";

import { made, making } from "../support/aws/make.ts";
import type { Properties, Property, Shape } from "../support/aws/shape.ts";
import { tables } from "../support/aws/tables/all.ts";
import { type Declared, declaredObject, declaredResource } from "./declared.ts";

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
}

test("every type has an id and outputs, another id where an input is another", () => {
  for (const [type, table] of Object.entries(tables)) {
    const [property = ""] = Object.keys(table.inputs);
    const make = (value: string) =>
      made(table, making(`urn:pulumi:s::p::${type}::a`, { name: value, [property]: value }));
    const one = make("one");
    assert.ok(one.id.length > 0, type);
    assert.deepEqual(
      Object.keys(one.outputs).filter((name) => one.outputs[name] === undefined),
      [],
      type,
    );
    assert.deepEqual(make("one"), one, type);
    assert.notEqual(make("two").id, one.id, type);
  }
});

// The SDK's comments rarely say it; where they do, the tables must agree.
test("what the SDK documents as replacing replaces, or does so under a condition", () => {
  const documented = Object.entries(tables).flatMap(([type, { inputs, alsoReplaces }]) =>
    [...declaredResource(type).inputs]
      .filter(([name, { doc }]) => name in inputs && /forces? (a new|recreation)/.test(doc))
      .map(([name]) => [name, inputs[name]?.replaces === true || alsoReplaces !== undefined]),
  );
  assert.deepEqual(documented, [
    ["enablePrimaryIpv6", true],
    ["privateDnsEnabled", true],
  ]);
});

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
