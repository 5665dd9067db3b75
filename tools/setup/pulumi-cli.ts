import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { execa } from "execa";

import { CACHE, isExecutable, onPath, PROJECT } from "./paths.ts";
import { isFresh, reachable, remembered, rememberFailure } from "./plugins.ts";
import { say } from "./say.ts";
import { SetupError } from "./setup-error.ts";
import { step } from "./step.ts";

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
    ? await sources.download().catch((error: unknown) => say(`· it can't be had: ${error}`))
    : undefined;
  if (cli) return cli;
  await sources.remember();
  return sources.build();
}

/** By Pulumi's own installer, with the language hosts beside it. */
async function download(): Promise<PulumiCli> {
  // Half a second that only a download needs.
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
  // Whoever comes second fails unheard.
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
  say(`  building ${VERSION} from its Go modules takes about 4 minutes on 2 cores, once`);
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
