import { delimiter, dirname, join } from "node:path";

import type Docker from "dockerode";

import { baseImage, dockerEngine } from "./docker.ts";
import { AIRGAP, CACHE } from "./paths.ts";
import { findPlugins, pulumiCli, standInLine } from "./pulumi.ts";
import { print } from "./step.ts";

export interface Setup {
  readonly docker: Docker;
  readonly baseImage: string;
  /** What every child gets: the Node of this process, the CLI, stand-ins where they are needed, the engine. */
  readonly env: Readonly<Record<string, string>>;
}

/** Sets up what this machine lacks, in the order in which the parts need each other. */
export async function setUp(): Promise<Setup> {
  const { env, plugins } = await setUpPulumi();
  if (plugins.kind === "stand-ins") print(standInLine(plugins));
  const { docker, host } = await dockerEngine();
  return { docker, baseImage: await baseImage(docker), env: { ...env, DOCKER_HOST: host } };
}

/** The part of it that a call of the CLI needs. */
export async function setUpPulumi() {
  const cli = await pulumiCli();
  const plugins = await findPlugins(cli);
  const standIns = plugins.kind === "stand-ins" ? AIRGAP : "";
  const folders = [dirname(process.execPath), standIns, dirname(cli.file)];
  const path = [...folders, process.env.PATH].filter(Boolean).join(delimiter);
  const env = {
    PATH: path,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Every call of the CLI starts the program and its plugins anew.
    NODE_COMPILE_CACHE: join(CACHE, "compiled"),
  };
  return { plugins, env };
}
