import assert from "node:assert/strict";

import { parsePreview } from "../../tools/guard/preview.ts";
import { askedBy } from "../../tools/guard/program.ts";

const CONFIG = {
  "portico:target": "local",
  "portico:deployments": JSON.stringify({
    orders: { engine: "postgresql", whitelist: { "203.0.113.0/24": "Berlin office" } },
  }),
};
const STACK = {
  op: "same",
  urn: "urn:pulumi:production::portico::pulumi:pulumi:Stack::portico-production",
  newState: { custom: false },
};

/**
 * A preview as the CLI prints it without `--show-sames`: one entry comes to the whitelist of `orders`, and what `before` says of the
 * document changes with it. What it shows is what the program makes of its config.
 */
export async function whitelistEdit(
  before: object = {},
): Promise<{ config: object; steps: object[] }> {
  const read = parsePreview(JSON.stringify({ config: CONFIG, steps: [STACK] }));
  assert.ok(read.kind === "preview");
  const asked = await askedBy(read.preview);
  assert.ok(asked.kind === "asked", asked.kind === "unknown" ? asked.why : "");
  const document = [...asked.resources.values()].find(
    ({ type }) => type === "portico:index:Document",
  );
  assert.ok(document);
  const { urn, inputs, dependencies, ...rest } = document;
  const state = (content: object) => ({
    ...{ ...rest, urn, propertyDependencies: dependencies },
    inputs: { ...inputs, content: JSON.stringify(content) },
  });
  const after = JSON.parse(String(inputs.content));
  const step = {
    ...{ op: "update", urn, oldState: state({ ...after, ...before, whitelist: {} }) },
    newState: { ...state(after), inputs },
  };
  return { config: CONFIG, steps: [STACK, step] };
}
