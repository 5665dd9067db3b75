// `npx portico …`: the operator's commands.
import { Command, CommanderError } from "commander";

import { connectCommand } from "../connect.ts";
import { guardCommand } from "../guard/command.ts";
import { planCommand } from "../plan.ts";
import { switchoverCommand } from "../switchover.ts";

/** Not 1, which means that the guard refuses: wrong arguments and our own bugs are something else. */
const FAILED = 2;

const program = new Command("portico")
  .description("Commands for those who run Portico's deployments.")
  .exitOverride();
connectCommand(program);
guardCommand(program);
planCommand(program);
switchoverCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  // Commander has said what is wrong, or printed the help that was asked for.
  const isReported = error instanceof CommanderError;
  if (!isReported) console.error(error);
  process.exitCode = isReported && error.exitCode === 0 ? 0 : FAILED;
}
