// `npx portico …`: the operator's commands.
import { Command, CommanderError } from "commander";

import { guardCommand } from "../guard/command.ts";

/** What commander itself refuses can't be judged either, so it must not look like a refusal. */
const WRONG_ARGUMENTS = 2;

const program = new Command("portico")
  .description("Commands for those who run Portico's deployments.")
  .exitOverride();
guardCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : WRONG_ARGUMENTS;
}
