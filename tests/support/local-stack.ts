import assert from "node:assert/strict";

import { parseConfig } from "../../infra/config.ts";
import type { LocalStack } from "../../infra/model/stack.ts";

/** The stack that a config for this machine means. */
export function localStack(
  config: Readonly<Record<string, unknown>>,
  now = new Date(),
): LocalStack {
  const { stack } = parseConfig({ target: "local", ...config }, now);
  assert.ok(stack.target === "local");
  return stack;
}
