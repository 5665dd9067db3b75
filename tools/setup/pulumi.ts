// The Pulumi CLI and its plugins: Pulumi's own where they can be had, else built from Go's modules, and the stand-ins.
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { execa } from "execa";

import { CACHE, isExecutable, onPath, PROJECT } from "./paths.ts";
import { print, SetupError, step } from "./step.ts";

export interface PulumiCli {
  readonly file: string;
  /** True where it is Pulumi's own, installed by the person or by its installer: then its language host may be beside it. */
  readonly installed: boolean;
}

/** What tools/pulumi/go.mod pins. */
const VERSION = "3.259.0";
const OLDEST = 200;
const MODULE = "github.com/pulumi/pulumi";

const DOWNLOAD_MS = 300_000;
const downloads = join(CACHE, "pulumi-downloaded");
const downloaded = join(downloads, "bin", "pulumi");
const built = join(CACHE, `pulumi-${VERSION}`, "pulumi");

export function pulumiCli(): Promise<PulumiCli> {
  return step<PulumiCli>("Pulumi CLI", {
    async find() {
      const installed = await onPath("pulumi");
      if (installed && installed !== built && (await isNewEnough(installed))) {
        return { file: installed, installed: true };
      }
      if (await isExecutable(downloaded)) return { file: downloaded, installed: true };
      if (!(await isFresh(remembered, Date.now()))) return undefined;
      return (await isExecutable(built)) ? { file: built, installed: false } : undefined;
    },
    notice: "none on PATH; looking for Pulumi's own",
    make: () =>
      obtain({
        failedToday: () => isFresh(remembered, Date.now()),
        reachable,
        download: () => within(DOWNLOAD_MS, download()),
        remember: () => rememberFailure("Pulumi's CLI could not be downloaded."),
        build: async () =>
          (await isExecutable(built)) ? { file: built, installed: false } : build(),
      }),
  });
}

export interface Sources {
  /** Whether a download has failed within a day. */
  failedToday(): Promise<boolean>;
  reachable(): Promise<boolean>;
  download(): Promise<PulumiCli>;
  remember(): Promise<void>;
  build(): Promise<PulumiCli>;
}

/** Pulumi's own first, with which the real plugins come. Where it can't be had, that is remembered for a day, and its Go modules serve. */
export async function obtain(sources: Sources): Promise<PulumiCli> {
  if (await sources.failedToday()) return sources.build();
  const cli = (await sources.reachable())
    ? await sources.download().catch((error: unknown) => print(`· the download failed: ${error}`))
    : undefined;
  if (cli) return cli;
  await sources.remember();
  return sources.build();
}

/** By Pulumi's own installer, with the language hosts beside it. */
async function download(): Promise<PulumiCli> {
  // To load it takes half a second, which only a download should cost.
  const { PulumiCommand } = await import("@pulumi/pulumi/automation/index.js");
  const unfinished = `${downloads}.${process.pid}`;
  await PulumiCommand.install({ root: unfinished });
  await rm(downloads, { recursive: true, force: true });
  await rename(unfinished, downloads);
  return { file: downloaded, installed: true };
}

export async function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  const late = new AbortController();
  const deadline = pause(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error(`not within ${ms / 1000} s`);
  });
  // When the work ends first, nobody awaits the deadline.
  deadline.catch(() => {});
  try {
    return await Promise.race([work, deadline]);
  } finally {
    late.abort();
  }
}

async function isNewEnough(file: string): Promise<boolean> {
  const { stdout } = await execa(file, ["version"], { reject: false, timeout: 10_000 });
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(stdout) ?? [];
  return Number(major) > 3 || (Number(major) === 3 && Number(minor) >= OLDEST);
}

async function build(): Promise<PulumiCli> {
  const go = await onPath("go", ["/usr/local/go/bin", "/usr/lib/go/bin", "/opt/homebrew/bin"]);
  if (!go) {
    throw new SetupError(
      "The Pulumi CLI is not here and can't be downloaded, and there is no Go. Install Pulumi (https://www.pulumi.com/docs/install/), or Go 1.25 to build it with.",
    );
  }
  print(`  building ${VERSION} from its Go modules takes about 4 minutes on 2 cores, once`);
  const unfinished = `${built}.${process.pid}`;
  await mkdir(dirname(built), { recursive: true });
  const version = `-X ${MODULE}/sdk/v3/go/common/version.Version=v${VERSION}`;
  const { failed, all } = await execa(
    go,
    ["build", "-trimpath", "-ldflags", version, "-o", unfinished, `${MODULE}/pkg/v3/cmd/pulumi`],
    {
      cwd: join(PROJECT, "tools", "pulumi"),
      env: { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" },
      all: true,
      reject: false,
    },
  );
  if (failed) {
    await rm(unfinished, { force: true });
    throw new SetupError(
      `Building the Pulumi CLI failed:\n${all.split("\n").slice(-20).join("\n")}`,
    );
  }
  await rename(unfinished, built);
  return { file: built, installed: false };
}

/** Plugins of all clones, with Pulumi's other files; the stack's own state is elsewhere. */
export const PULUMI_HOME = join(CACHE, "pulumi-home");

/**
 * Pulumi's CLI writes a log of every call below its home, whatever is asked: at the finest level, compressed and encrypted, which is half of its
 * processor time in a large preview. Where a file has the place of the folder, it does without. For homes that are ours alone.
 */
export async function withoutLogs(home: string): Promise<void> {
  const logs = join(home, "logs");
  const found = await stat(logs).catch(() => undefined);
  if (found?.isFile()) return;
  await rm(logs, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await writeFile(logs, "");
}

const REACH_MS = 5_000;
const DAY_MS = 86_400_000;
const PACKAGES = ["docker", "tls"] as const;
const require = createRequire(import.meta.url);
const remembered = join(CACHE, "stand-ins");

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
async function rememberFailure(what: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  await writeFile(remembered, `${what}\n`);
}

/** What is printed while stand-ins serve. */
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
    print(`· Pulumi's ${name} plugin ${version(name)} …`);
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
