import { execFile } from "node:child_process";
import { promisify } from "node:util";

import type { Command } from "commander";

import type { RawConfig } from "../infra/config.ts";
import { ConfigError, parseConfig } from "../infra/config.ts";
import { planTable } from "../infra/model/aws-cost.ts";
import { footprintOf } from "../infra/model/aws-quota.ts";
import { setUpPulumi } from "./setup/set-up.ts";

const NAMESPACE = "portico:";

const EXPLAINED = `
Reads the stack's config alone: no account is asked, nothing is previewed.

Exit codes:
  0  it fits
  1  the config can't be used, or needs more than the account's quotas
  2  the config can't be read`;

export function planCommand(program: Command): void {
  program
    .command("plan")
    .description(
      "says what a stack on AWS takes of the account's quotas, and what it costs a month",
    )
    .requiredOption("-s, --stack <name>", "the stack")
    .option("--config-file <file>", "its config, where that is not Pulumi.<stack>.yaml")
    .addHelpText("after", EXPLAINED)
    .exitOverride()
    .action(async ({ stack, configFile }: { stack: string; configFile?: string }) => {
      process.exitCode = await plan(stack, configFile);
    });
}

async function plan(stack: string, configFile: string | undefined): Promise<number> {
  let raw: RawConfig;
  try {
    raw = await configOf(stack, configFile);
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  try {
    const config = parseConfig(raw, new Date());
    for (const warning of config.warnings) console.log(`! ${warning}`);
    if (config.stack.target === "local") console.log("A stack on this machine costs nothing.");
    else console.log(planTable(config.stack.deployments.map(footprintOf), config.stack.aws.quota));
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.log(error.message);
    return 1;
  }
}

/** The CLI reads the file, as it does for `up`. */
async function configOf(stack: string, configFile: string | undefined): Promise<RawConfig> {
  const file = configFile === undefined ? [] : ["--config-file", configFile];
  const args = ["config", "--json", "-s", stack, ...file];
  const { env } = await setUpPulumi();
  const { stdout } = await promisify(execFile)("pulumi", args, {
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  const entries = Object.entries<{ value?: string; objectValue?: unknown }>(JSON.parse(stdout));
  return Object.fromEntries(
    entries
      .filter(([key]) => key.startsWith(NAMESPACE))
      .map(([key, { value, objectValue }]) => [key.slice(NAMESPACE.length), objectValue ?? value]),
  );
}
