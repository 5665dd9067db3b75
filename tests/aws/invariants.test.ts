import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { previewOf } from "../guard/portico.ts";
import { standInForAws } from "../support/aws/on-path.ts";
import { withStack } from "../support/cli.ts";
import { config } from "./changes.ts";
import { judgedByRules, matchesRefusals } from "./judged.ts";

const project = join(import.meta.dirname, "broken");

standInForAws();

test("every invariant that a program breaks is refused from its real preview, and nothing else", async () => {
  await withStack({ project, config: config() }, async (stack) => {
    const text = await previewOf(stack, "--show-sames");
    matchesRefusals(judgedByRules(text), [
      /^SecurityGroup orders-nodes has rules of its own \(ingress\)/,
      /^Volume orders-1-data must be encrypted: encrypted is false/,
      /^Volume orders-2-data must be encrypted: encrypted isn't known before the update/,
      /^Instance orders-1 must require IMDSv2: metadataOptions\.httpTokens is "optional"/,
      /^Instance orders-1 must have a metadata hop limit of 1/,
      /^Instance orders-2 must be encrypted: rootBlockDevice\.encrypted is false/,
      /^Subnet orders-nodes-eu-central-1a must not have public addresses/,
      /^RouteTable orders-nodes would lead out of the nodes' subnet orders-nodes-eu-central-1/,
      /^BucketPublicAccessBlock bucket must block all public access: blockPublicPolicy is false/,
      /orders-203\.0\.113\.0\/24 lets in 203\.0\.0\.0\/16, which is not on the whitelist of orders/,
      /^BucketObjectv2 orders-1-secrets\.json shows a password in clear text: content/,
    ]);
    assert.doesNotMatch(judgedByRules(text).join("\n"), /hunter2/);
  });
});
