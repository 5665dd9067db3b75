import type { Command } from "commander";

import { SetupError } from "../setup/setup-error.ts";
import { switchOver } from "./switch-over.ts";

const EXPLAINED = `
Asks the engine itself, in one of the deployment's nodes on this machine, and waits until every portal follows. Clients wait
meanwhile; nobody is refused.

Exit codes:
  0  every portal follows the new leader
  1  the engine refused, or a portal did not follow in time
  2  wrong arguments, or no such deployment runs here`;

interface Options {
  readonly to?: string;
  readonly name?: string;
}

export function switchoverCommand(program: Command): void {
  program
    .command("switchover")
    .argument("<deployment>", "its name in the config")
    .description("hands a deployment's leadership to another node, and says what the portals saw")
    .option("--to <node>", "the node that is to lead; otherwise the engine chooses")
    .option("--name <stack>", "portico:local.name, where another folder's stack is meant")
    .addHelpText("after", EXPLAINED)
    .exitOverride()
    .action(async (deployment: string, { to, name }: Options) => {
      try {
        const told = await switchOver(deployment, to, name, (line) => console.log(line));
        process.exitCode = told ? 0 : 1;
      } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        console.error(`✗ ${error.message}`);
        process.exitCode = 2;
      }
    });
}
