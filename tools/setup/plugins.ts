import { mkdir, stat, writeFile } from "node:fs/promises";
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
const DAY_MS = 86_400_000;
const PACKAGES = ["docker", "tls"] as const;
const require = createRequire(import.meta.url);
export const remembered = join(CACHE, "stand-ins");

export type Plugins =
  | { readonly kind: "real" }
  /** `remembered`: the file that says that a download failed. Without it there is no language host that they could serve. */
  | { readonly kind: "stand-ins"; readonly remembered?: string };

/**
 * Whether Pulumi's own language host and plugins are to be had; otherwise the stand-ins of tools/airgap serve. A host comes with Pulumi's own CLI
 * only. That a download failed is remembered for a day.
 */
export async function findPlugins(cli: PulumiCli): Promise<Plugins> {
  if (!cli.installed)
    return (await isFresh(remembered, Date.now()))
      ? { kind: "stand-ins", remembered }
      : { kind: "stand-ins" };
  const beside = join(dirname(cli.file), "pulumi-language-nodejs");
  const host = (await isExecutable(beside)) || (await onPath("pulumi-language-nodejs"));
  if (!host) return { kind: "stand-ins" };
  const missing = [];
  for (const name of PACKAGES) if (!(await isInstalled(name))) missing.push(name);
  if (missing.length === 0) return { kind: "real" };
  if (await isFresh(remembered, Date.now())) return { kind: "stand-ins", remembered };
  if ((await reachable()) && (await install(cli, missing))) return { kind: "real" };
  await rememberFailure("Pulumi's plugins could not be downloaded.");
  return { kind: "stand-ins", remembered };
}

/** A failure costs one attempt a day, not one each start. */
export async function rememberFailure(what: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  await writeFile(remembered, `${what}\n`);
}

/** What a person is told while stand-ins serve. */
export function standInLine({ remembered }: Extract<Plugins, { kind: "stand-ins" }>): string {
  const again =
    remembered && `; tried again a day after the failure, or once ${remembered} is removed`;
  return `· Pulumi's language host and plugins can't be had here: stand-ins (tools/airgap) serve${again ?? ""}`;
}

/** Whether a file was written within a day: a failure of yesterday says nothing of today. */
export async function isFresh(file: string, now: number): Promise<boolean> {
  const written = await stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
  return written !== undefined && now - written < DAY_MS;
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

export function reachable(): Promise<boolean> {
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
