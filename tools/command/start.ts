// `npm start [-- --show-secrets]`: sets up what the machine lacks, brings the local stack up, says how to connect. Fails where
// no portal of a deployment serves.
import { parseArgs } from "node:util";

import { change } from "../local/change.ts";
import { cli as cliOf, parseDeployments, readConfig } from "../local/cli.ts";
import { limitProcesses } from "../local/containers.ts";
import { introduce } from "../local/introduce.ts";
import { checkKept, checkPorts, keepPlace } from "../local/place.ts";
import { recover, removeStrays } from "../local/recover.ts";
import { checkRemoved } from "../local/removal.ts";
import { localFiles, makeFiles, makeStack } from "../local/state.ts";
import { setUp } from "../setup/set-up.ts";
import { run } from "./run.ts";

await run(async () => {
  const { values } = parseArgs({
    options: { "show-secrets": { type: "boolean", default: false } },
  });
  const setup = await setUp();
  await makeFiles();
  const cli = cliOf(setup);
  await makeStack(cli);
  const config = await readConfig(cli);
  await checkKept(config, localFiles);
  await checkRemoved(config, localFiles);
  const local = await keepPlace(setup, cli, config);
  // Right before the update, so that what another run has just made isn't taken for a stray.
  await recover(cli, localFiles);
  await removeStrays(setup.docker, local.name, localFiles);
  await checkPorts(setup.docker, local);
  const code = await change(setup, ["up", "--refresh", "--skip-preview"]);
  if (code !== 0) return code;
  await limitProcesses(setup.docker, local.name);
  const outputs = await cli("stack", "output", "--json", "--show-secrets");
  const deployments = parseDeployments(outputs);
  const secrets = values["show-secrets"];
  return (await introduce(setup.docker, local.name, deployments, secrets)) ? 0 : 1;
});
