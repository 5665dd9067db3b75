import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { execa } from "execa";

import { CACHE, isExecutable, onPath, PROJECT } from "./paths.ts";
import { SetupError } from "./setup-error.ts";
import { step } from "./step.ts";

export interface PulumiCli {
  readonly file: string;
  /** True where the person installed it: then Pulumi's own language host may be beside it. */
  readonly installed: boolean;
}

/** What tools/pulumi/go.mod pins. */
const VERSION = "3.259.0";
const OLDEST = 200;
const MODULE = "github.com/pulumi/pulumi";

const built = join(CACHE, `pulumi-${VERSION}`, "pulumi");

export function pulumiCli(): Promise<PulumiCli> {
  return step<PulumiCli>("Pulumi CLI", {
    async find() {
      const installed = await onPath("pulumi");
      if (installed && installed !== built && (await isNewEnough(installed))) {
        return { file: installed, installed: true };
      }
      return (await isExecutable(built)) ? { file: built, installed: false } : undefined;
    },
    notice: `none on PATH; building ${VERSION} from its Go modules takes about 4 minutes on 2 cores, once`,
    make: build,
  });
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
      "Neither the Pulumi CLI nor Go is here. Install Pulumi (https://www.pulumi.com/docs/install/), or Go 1.25 to build it with.",
    );
  }
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
