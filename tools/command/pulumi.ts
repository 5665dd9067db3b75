// `npm run pulumi -- …`: the CLI as `npm start` runs it. Backend and passphrase are set for `-s local` alone: any other stack is
// the person's own business. The local stack is made where there is none yet: a config can be set before the first start.
import { spawn } from "node:child_process";

import { cli, namesStack } from "../local/cli.ts";
import { makeFiles, makeStack, STACK, stackEnvironment } from "../local/state.ts";
import { setUpPulumi } from "../setup/set-up.ts";
import { run } from "./run.ts";

await run(async () => {
  const args = process.argv.slice(2);
  const { env } = await setUpPulumi();
  const local = namesStack(args, STACK);
  if (local) {
    await makeFiles();
    // `stack init` makes the stack itself, and whoever removes it doesn't want another one.
    if (!args.includes("init") && !args.includes("rm")) await makeStack(cli({ env }));
  }
  const child = spawn("pulumi", args, {
    stdio: "inherit",
    env: local ? stackEnvironment(env) : { ...process.env, ...env },
  });
  process.on("SIGINT", () => {}); // the terminal sends it to the CLI as well
  for (const signal of ["SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => child.kill("SIGINT"));
  return new Promise<number>((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) => done(code ?? 1));
  });
});
