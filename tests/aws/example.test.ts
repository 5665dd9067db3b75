import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { previewOf } from "../guard/portico.ts";
import type { Preview } from "../support/cli.ts";
import { judged, matchesRefusals } from "./judged.ts";
import { withAwsStack } from "./stack.ts";

const example = await readFile(join(import.meta.dirname, "../../Pulumi.example.yaml"), "utf8");
/** Each asks for a look of its own: what is left to the portals alone opens the firewall. */
const REFUSED = {
  staging: [],
  production: [/^SecurityGroupIngressRule users-0\.0\.0\.0\/0(-8404)? would open 0\.0\.0\.0\/0/],
};
const SECOND = /^# ---- Pulumi\.production\.yaml ----$/m;

test("each environment of Pulumi.example.yaml works when it is copied as the file says", async (t) => {
  await withAwsStack({}, async (stack) => {
    const configs = { staging: example, production: second() };
    for (const environment of ["staging", "production"] as const)
      await t.test(environment, async () => {
        await stack.configureText(configs[environment]);
        const text = await previewOf(stack, "--show-sames");
        matchesRefusals(await judged(text), REFUSED[environment]);
        const { changeSummary }: Preview = JSON.parse(text);
        assert.ok((changeSummary.create ?? 0) > 50, JSON.stringify(changeSummary));
        assert.deepEqual(Object.keys(changeSummary), ["create"]);
      });
  });
});

/** From its line on, without the "# " before each line. */
function second(): string {
  const [, text] = example.split(SECOND);
  assert.ok(text, "the second part is gone");
  return text.replaceAll(/^# ?/gm, "");
}
