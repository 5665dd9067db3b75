import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import type { Machine } from "../setup/machine.ts";
import { PROJECT } from "../setup/paths.ts";
import { say } from "../setup/say.ts";
import { onEnd } from "./on-end.ts";
import { Progress } from "./progress.ts";
import { STACK, stackEnvironment } from "./state.ts";

/**
 * Runs `pulumi up` or `pulumi destroy` on the local stack, with one line for everything that it did. Asked to end, it lets the CLI finish what
 * is under way, so that the state knows it. Returns the exit code.
 */
export async function change({ env }: Pick<Machine, "env">, ...args: string[]): Promise<number> {
  const child = spawn("pulumi", [...args, "--yes", "--json", "--non-interactive", "-s", STACK], {
    cwd: PROJECT,
    env: stackEnvironment(env),
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that Ctrl-C at the terminal reaches it once, through `onEnd`, and not its plugins.
    detached: true,
  });
  const progress = new Progress();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (line) => {
      for (const text of progress.lines(line)) say(text);
    });
  }
  let asked = 0;
  const stopWatching = onEnd(() => {
    asked += 1;
    progress.end();
    if (asked === 1) say("· stopping once what is under way is done; again to stop at once");
    child.kill(asked === 1 ? "SIGINT" : "SIGKILL");
  });
  const code = await new Promise<number>((done, failed) => {
    child.once("error", failed);
    child.once("close", (exit) => done(exit ?? 1));
  });
  stopWatching();
  return asked > 0 ? 130 : code;
}
