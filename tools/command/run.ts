import { say } from "../setup/say.ts";
import { SetupError } from "../setup/setup-error.ts";

/** A command's frame: its exit code, and errors as a person wants them. Only our own bugs show a stack trace. */
export async function run(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    process.exitCode = 1;
    say(explain(error));
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isUsers = error instanceof SetupError || error.name === "ExecaError";
  return isUsers ? `✗ ${error.message}` : (error.stack ?? error.message);
}
