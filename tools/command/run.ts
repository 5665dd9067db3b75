import { ExecaError } from "execa";

import { print, SetupError } from "../setup/step.ts";

/** A command's frame: its exit code, and errors as a person wants them. Only our own bugs show a stack trace. */
export async function run(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    process.exitCode = 1;
    print(explain(error));
  }
}

/** Of a program that failed, what it said on standard error alone: its output may be the stack's secrets. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof SetupError || isWrongOption(error)) return `✗ ${error.message}`;
  if (error instanceof ExecaError) return `✗ ${error.shortMessage}\n${error.stderr}`.trimEnd();
  return error.stack ?? error.message;
}

/** An error of `parseArgs`: its message is meant for the person who typed the option. */
const isWrongOption = (error: Error): boolean =>
  String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS_");
