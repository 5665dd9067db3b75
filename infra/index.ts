import * as pulumi from "@pulumi/pulumi";
import { allConfig } from "@pulumi/pulumi/runtime/index.js";

import type { Config, RawConfig } from "./config.ts";
import { ConfigError, parseConfig } from "./config.ts";

const NAMESPACE = "portico:";

// Pulumi keeps a stack trace for every promise, and its runner reads each through source maps: half the time of a large preview.
// Node strips types in place, so that lines are right without.
Reflect.deleteProperty(Error, "prepareStackTrace");

const { stack, warnings } = read();
for (const warning of warnings) void pulumi.log.warn(warning);

/** One entry a deployment: how to connect to it. */
export const deployments = await deploy();

/** The other target's packages are not loaded: @pulumi/aws alone takes a second. */
async function deploy(): Promise<pulumi.Inputs> {
  if (stack.target === "local") return (await import("./target/local.ts")).deployLocally(stack);
  return (await import("./target/aws.ts")).deployOnAws(stack);
}

function read(): Config {
  try {
    return parseConfig(rawConfig(), new Date());
  } catch (error) {
    // The user's mistake, not ours: no stack trace.
    if (error instanceof ConfigError) throw new pulumi.RunError(error.message);
    throw error;
  }
}

function rawConfig(): RawConfig {
  return Object.fromEntries(
    Object.entries(allConfig())
      .filter(([key]) => key.startsWith(NAMESPACE))
      .map(([key, text]) => [key.slice(NAMESPACE.length), decoded(text)]),
  );
}

/** The engine hands over objects as JSON, and everything else as it was written. */
function decoded(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
