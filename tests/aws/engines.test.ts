import assert from "node:assert/strict";
import { test } from "node:test";

import { engines as all, catalogue, type Engine } from "../../engines/table.ts";
import { previewOf } from "../guard/portico.ts";
import type { Preview, Step } from "../support/cli.ts";
import { OFFICE } from "./changes.ts";
import { judged, matchesRefusals } from "./judged.ts";
import { awsConfig, DIGEST, withAwsStack } from "./stack.ts";
import { kindOf, matchesGolden, nameOf } from "./summary.ts";

/** A home-made stand-in never gets there. */
const engines = all.filter((engine) => !catalogue[engine].homeMade);

const deploymentOn = (engine: Engine): string => `on-${engine}`;

const CONFIG = awsConfig(
  Object.fromEntries(
    engines.map((engine) => [deploymentOn(engine), { engine, whitelist: OFFICE }]),
  ),
  {
    images: Object.fromEntries(["portal", ...engines].map((name) => [name, DIGEST("d")])),
    quota: { vpcs: engines.length, eips: 2 * engines.length },
  },
);

test("each engine on AWS: what its portals are told, who may reach whom, and which files its machines get", async (t) => {
  await withAwsStack(CONFIG, async (stack) => {
    const text = await previewOf(stack, "--show-sames");
    const { steps }: Preview = JSON.parse(text);
    matchesRefusals(await judged(text), []);

    for (const engine of engines)
      await t.test(`preview: ${engine}`, async () => {
        const name = deploymentOn(engine);
        const its = steps.filter((step) => nameOf(step).startsWith(`${name}-`));
        await matchesGolden(name, [
          ...documentIn(its, name),
          "",
          ...rulesIn(its),
          "",
          ...filesIn(its),
        ]);
      });
  });
});

const inputOf = ({ newState }: Step, name: string): string => String(newState?.inputs?.[name]);

function documentIn(steps: readonly Step[], deployment: string): readonly string[] {
  const [object, ...others] = objectsIn(steps).filter(
    (step) => inputOf(step, "key") === `${deployment}/document.json`,
  );
  assert.ok(object && others.length === 0, `one document of ${deployment}`);
  return JSON.stringify(JSON.parse(inputOf(object, "content")), undefined, 2).split("\n");
}

/** Rules by which somebody may come in: from whom, at which port, for what. */
function rulesIn(steps: readonly Step[]): readonly string[] {
  return steps
    .filter((step) => kindOf(step) === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    .map((step) => `${nameOf(step)}: ${inputOf(step, "description")}`)
    .sort();
}

/** One line a machine: the files that it gets. */
function filesIn(steps: readonly Step[]): readonly string[] {
  const files = objectsIn(steps).flatMap((step) => {
    const [, machine, , file] = inputOf(step, "key").split("/");
    return machine !== undefined && file !== undefined ? [{ machine, file }] : [];
  });
  return [...new Set(files.map(({ machine }) => machine))].sort().map((machine) => {
    const its = files.filter((one) => one.machine === machine).map(({ file }) => file);
    return `${machine}: ${its.sort().join(", ")}`;
  });
}

const objectsIn = (steps: readonly Step[]): readonly Step[] =>
  steps.filter((step) => kindOf(step) === "aws:s3/bucketObjectv2:BucketObjectv2");
