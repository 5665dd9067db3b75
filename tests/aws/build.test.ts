import assert from "node:assert/strict";
import { existsSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { UNKNOWN } from "../../tools/airgap/plugin/kind.ts";
import type { Preview } from "../support/cli.ts";
import { awsConfig, withAwsStack } from "./stack.ts";

/** In no clone: every run makes it anew that finds another one than it made. */
const AGENT = join(import.meta.dirname, "../../proxy-image/dist/agent.mjs");

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
    // As if someone had written to it since.
    if (existsSync(AGENT)) utimesSync(AGENT, 1, 1);
    const began = Date.now();
    const preview = await stack.preview();

    assert.ok(statSync(AGENT).mtimeMs >= began - 1000, "the image would take in an old agent");
    assert.deepEqual(
      preview.steps
        .map(nameOf)
        .filter((name) => /Image|Repository/.test(name))
        .sort(),
      [
        "aws:ecr/repository:Repository node-postgresql",
        "aws:ecr/repository:Repository portal",
        "docker:index/image:Image node-postgresql",
        "docker:index/image:Image portal",
        "portico:aws:Images images",
        "portico:index:ImageArchive node-postgresql",
        "portico:index:ImageArchive portal",
      ],
    );
    const { build } = { ...inputsOf(preview, "docker:index/image:Image portal") } as {
      build?: { platform: string };
    };
    assert.equal(build?.platform, "linux/arm64");
    // Which image machines run is known once it is built.
    for (const machine of ["orders-1", "orders-portal-1"]) {
      const settings = `aws:s3/bucketObjectv2:BucketObjectv2 ${machine}-machine.json`;
      assert.equal(inputsOf(preview, settings)?.content, UNKNOWN);
    }

    // The stand-in for Docker's plugin gets as far as a push, with a login for the registry.
    await assert.rejects(
      stack.up(),
      /previews \d+\.dkr\.ecr\.eu-central-1\.amazonaws\.com\/\S+:built, and pushes nothing/,
    );
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
