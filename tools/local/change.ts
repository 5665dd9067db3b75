import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import type { Machine } from "../setup/machine.ts";
import { PROJECT } from "../setup/paths.ts";
import { say } from "../setup/say.ts";
import { cli as cliOf, isLocked, wordsFor } from "./cli.ts";
import { onEnd } from "./on-end.ts";
import { Progress } from "./progress.ts";
import { recover } from "./recover.ts";
import { localFiles, STACK, type StackFiles, stackEnvironment } from "./state.ts";

/** Another run that ends is followed by ours, unless a third one is faster. */
const TRIES = 3;

/** The exit code of a command that was asked to end. */
const INTERRUPTED = 130;

/**
 * Runs `pulumi up` or `pulumi destroy` on the local stack, with one line for everything that it did. Asked to end, it lets the CLI finish what
 * is under way, so that the state knows it. Waits for another run that is at work on the stack. Returns the exit code.
 */
export async function change(
  machine: Pick<Machine, "env">,
  args: readonly string[],
  files: StackFiles = localFiles,
): Promise<number> {
  for (let tries = 1; ; tries++) {
    const { code, failure } = await runOnce(machine, args);
    const said = failure.join("\n");
    if (isLocked(said) && tries < TRIES && code !== INTERRUPTED) {
      await recover(cliOf(machine), files);
      continue;
    }
    const words = wordsFor(said);
    if (words) throw words;
    for (const line of failure) say(line);
    return code;
  }
}

/** `failure`: the CLI's last words, from its error on. What a resource says is told as it comes. */
async function runOnce({ env }: Pick<Machine, "env">, args: readonly string[]) {
  const child = spawn("pulumi", [...args, "--yes", "--json", "--non-interactive", "-s", STACK], {
    cwd: PROJECT,
    env: stackEnvironment(env),
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that Ctrl-C at the terminal reaches it once, through `onEnd`, and not its plugins.
    detached: true,
  });
  const progress = new Progress();
  const failure: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (line) => {
      if (stream === child.stderr && (failure.length > 0 || line.startsWith("error: ")))
        failure.push(line);
      else for (const text of progress.lines(line)) say(text);
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
  return { code: asked > 0 ? INTERRUPTED : code, failure };
}
