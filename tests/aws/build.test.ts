import assert from "node:assert/strict";
import { test } from "node:test";

import type { Preview } from "../support/cli.ts";
import { awsConfig, withAwsStack } from "./stack.ts";

const config = awsConfig(
  { orders: { whitelist: { "203.0.113.0/24": "Berlin office" } } },
  { build: true, images: {} },
);

test("a stack that builds its images is previewed without Docker", async (t) => {
  const before = process.env.DOCKER_HOST;
  t.after(() => {
    if (before === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = before;
  });
  await withAwsStack(config, async (stack) => {
    process.env.DOCKER_HOST = "unix:///nowhere/docker.sock";
    const preview = await stack.preview();

    assert.deepEqual(
      preview.steps.map(nameOf).filter((name) => /Image|Repository/.test(name)),
      [
        "portico:aws:Images images",
        "aws:ecr/repository:Repository portal",
        "aws:ecr/repository:Repository node-postgresql",
        "docker:index/image:Image portal",
        "docker:index/image:Image node-postgresql",
        "portico:index:ImageArchive portal",
        "portico:index:ImageArchive node-postgresql",
      ],
    );
    const { build } = { ...inputsOf(preview, "docker:index/image:Image portal") } as {
      build?: { platform: string };
    };
    assert.equal(build?.platform, "linux/arm64");
    // Which image machines run is known once it is built.
    assert.doesNotMatch(JSON.stringify(preview.steps), /sha256:undefined|"image\\": \\"\\"/);
  });
});

type Step = Preview["steps"][number];

function nameOf({ urn }: Step): string {
  const [, , types = "", name = ""] = urn.split("::");
  return `${types.split("$").at(-1)} ${name}`;
}

function inputsOf({ steps }: Preview, name: string) {
  return steps.find((step) => nameOf(step) === name)?.newState?.inputs;
}
