import { execa } from "execa";

import type { Machine } from "../setup/machine.ts";
import { PROJECT } from "../setup/paths.ts";
import { STACK, stackEnvironment } from "./state.ts";

export type Cli = (...args: string[]) => Promise<string>;

/** Short calls of the CLI on the local stack; they fail with what it said. */
export function cli({ env }: Pick<Machine, "env">): Cli {
  return async (...args) => {
    const { stdout } = await execa("pulumi", [...args, "--non-interactive", "-s", STACK], {
      cwd: PROJECT,
      env: stackEnvironment(env),
      extendEnv: false,
      stdin: "ignore",
      maxBuffer: 256 * 1024 * 1024,
      timeout: 120_000,
    });
    return stdout;
  };
}
