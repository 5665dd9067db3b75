// `npm stop`: takes the local stack down; what is protected stays, unless `--volumes` says otherwise.
import { parseArgs } from "node:util";

import type Docker from "dockerode";

import { change } from "../local/change.ts";
import { cli as cliOf, readConfig } from "../local/cli.ts";
import { nameOf } from "../local/place.ts";
import { recover, removeStrays } from "../local/recover.ts";
import { protectAgain } from "../local/removal.ts";
import { forget, latest, localFiles, localKept } from "../local/state.ts";
import { setUp } from "../setup/set-up.ts";
import { print } from "../setup/step.ts";
import { run } from "./run.ts";

await run(async () => {
  const { values } = parseArgs({ options: { volumes: { type: "boolean", default: false } } });
  if (!(await latest(localFiles))) {
    const { found } = values.volumes ? await forget(localKept) : { found: false };
    print(found ? "✓ removed what an interrupted run had left" : "There is no local stack here.");
    return 0;
  }
  const setup = await setUp();
  const cli = cliOf(setup);
  const name = await nameOf(setup.docker, await readConfig(cli));
  await recover(cli, localFiles);
  if (values.volumes) await cli("state", "unprotect", "--all", "--yes");
  else await protectAgain(cli, localFiles);
  // What an interrupted run left would keep the networks from being removed.
  await removeStrays(setup.docker, name, localFiles);
  const kept = values.volumes ? [] : ["--exclude-protected"];
  const code = await change(setup, ["destroy", "--refresh", "--skip-preview", ...kept]);
  if (code !== 0) return code;
  if (values.volumes) {
    await removeVolumes(setup.docker, name);
    await cli("stack", "rm", "--preserve-config", "--yes");
    const { stays } = await forget(localKept);
    print(
      "✓ removed: containers, networks, volumes, the stack's state with its backups, keys and passwords",
    );
    print(
      `Pulumi.local.yaml stays, with whitelists and the stack's place; so do the images, which hold no secret: docker image ls '${name}-*'`,
    );
    if (stays) print(`So does ${stays}.`);
  } else {
    print(
      "The data, the authority's keys and the passwords stay: npm start brings them back. To remove them too: npm stop -- --volumes",
    );
  }
  return 0;
});

async function removeVolumes(docker: Docker, name: string): Promise<void> {
  const { Volumes } = await docker.listVolumes({ filters: { label: [`portico.stack=${name}`] } });
  for (const { Name } of Volumes ?? []) await docker.getVolume(Name).remove();
}
