import type { Command } from "commander";
import { execa } from "execa";

import { cli } from "../local/cli.ts";
import { STACK } from "../local/state.ts";
import { setUpPulumi } from "../setup/machine.ts";
import { SetupError } from "../setup/setup-error.ts";
import { connectText } from "./forms.ts";

const EXPLAINED = `
Without a deployment it lists them, without --client the clients of the deployment's engine. The form has the password in it. What each client does at a
switchover, at the leader's death and while there is none: docs/clients.md.

Exit codes:
  0  printed
  2  wrong arguments, or no such deployment, endpoint or client`;

interface Options {
  readonly client?: string;
  readonly endpoint?: string;
  readonly stack: string;
}

export function connectCommand(program: Command): void {
  program
    .command("connect")
    .argument("[deployment]", "its name in the config")
    .description("prints what to paste into a client library")
    .option("--client <name>", "whose form")
    .option("--endpoint <name>", "primary, replica, any …; otherwise the first")
    .option("-s, --stack <name>", "the stack", STACK)
    .addHelpText("after", EXPLAINED)
    .exitOverride()
    .action(async (deployment: string | undefined, { client, endpoint, stack }: Options) => {
      try {
        const asked = { deployment, client, endpoint };
        const { notes, text } = connectText(await outputsOf(stack), asked);
        for (const note of notes) console.error(note);
        console.log(text);
      } catch (error) {
        if (!(error instanceof SetupError) && (error as Error).name !== "ExecaError") throw error;
        console.error(`✗ ${(error as Error).message}`);
        process.exitCode = 2;
      }
    });
}

/** Backend and passphrase are known for the local stack; any other is the person's own business. */
async function outputsOf(stack: string): Promise<unknown> {
  const args = ["stack", "output", "deployments", "--json", "--show-secrets"];
  const machine = await setUpPulumi();
  if (stack === STACK) return JSON.parse(await cli(machine)(...args));
  const { stdout } = await execa("pulumi", [...args, "-s", stack, "--non-interactive"], {
    env: machine.env,
  });
  return JSON.parse(stdout);
}
