import { access, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { execa } from "execa";

import { CACHE, isExecutable, onPath } from "./paths.ts";
import type { PulumiCli } from "./pulumi-cli.ts";
import { say } from "./say.ts";

/** Plugins of all clones, with Pulumi's other files; the stack's own state is elsewhere. */
export const PULUMI_HOME = join(CACHE, "pulumi-home");

const REACH_MS = 5_000;
const DOWNLOAD_MS = 300_000;
const PACKAGES = ["docker", "tls"] as const;
const require = createRequire(import.meta.url);
const remembered = join(CACHE, "stand-ins");

/**
 * Whether Pulumi's own language host and plugins are to be had; otherwise the stand-ins of tools/airgap serve. A host comes with an installed CLI
 * only. That a download failed is remembered in `stand-ins` in the cache: remove the file to try again.
 */
export async function realPlugins(cli: PulumiCli): Promise<boolean> {
  if (!cli.installed) return false;
  const beside = join(dirname(cli.file), "pulumi-language-nodejs");
  if (!(await isExecutable(beside)) && !(await onPath("pulumi-language-nodejs"))) return false;
  const missing = [];
  for (const name of PACKAGES) if (!(await isInstalled(name))) missing.push(name);
  if (missing.length === 0) return true;
  if (await exists(remembered)) return false;
  const done = (await reachable()) && (await install(cli, missing));
  if (!done) {
    await mkdir(CACHE, { recursive: true });
    await writeFile(remembered, "Pulumi's plugins could not be downloaded.\n");
  }
  return done;
}

async function isInstalled(name: string): Promise<boolean> {
  if (await onPath(`pulumi-resource-${name}`)) return true;
  const folder = join(PULUMI_HOME, "plugins", `resource-${name}-v${version(name)}`);
  return isExecutable(join(folder, `pulumi-resource-${name}`));
}

async function install(cli: PulumiCli, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    say(`· Pulumi's ${name} plugin ${version(name)} …`);
    const { failed } = await execa(
      cli.file,
      ["plugin", "install", "resource", name, version(name)],
      {
        env: { PULUMI_HOME, PULUMI_SKIP_UPDATE_CHECK: "true" },
        reject: false,
        timeout: DOWNLOAD_MS,
      },
    );
    if (failed) return false;
  }
  return true;
}

function reachable(): Promise<boolean> {
  const answer = fetch("https://get.pulumi.com/", {
    method: "HEAD",
    signal: AbortSignal.timeout(REACH_MS),
  });
  return answer.then(
    () => true,
    () => false,
  );
}

function version(name: string): string {
  return require(`@pulumi/${name}/package.json`).version;
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
