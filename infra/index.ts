import "./lean-sdk.ts";

import { setFlagsFromString } from "node:v8";

import * as pulumi from "@pulumi/pulumi";
import { allConfig } from "@pulumi/pulumi/runtime/index.js";

import type { Config } from "./config.ts";
import { ConfigError, parseConfig, rawConfig } from "./config.ts";
import { deploy } from "./deploy.ts";

// V8 lets a heap grow to three times of what lives in it before it collects the whole; here to twice.
setFlagsFromString("--heap-growing-percent=100");

const config = read();
for (const warning of config.warnings) void pulumi.log.warn(warning);

/** How to connect to each deployment, by its name. */
export const deployments = await deploy(config);

function read(): Config {
  try {
    return parseConfig(rawConfig(allConfig()), new Date());
  } catch (error) {
    // The user's mistake, not ours: no stack trace.
    if (error instanceof ConfigError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
