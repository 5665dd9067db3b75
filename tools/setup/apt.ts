import { execa } from "execa";

import { onPath } from "./paths.ts";
import { SetupError } from "./setup-error.ts";

const DEADLINE_MS = 600_000;

/** Installs a Debian package. Only root can, so the caller has checked that. */
export async function apt(name: string): Promise<void> {
  if (!(await onPath("apt-get"))) {
    throw new SetupError(
      `${name} is missing, and only Debian's apt-get is known here: install it.`,
    );
  }
  await aptGet("update");
  await aptGet("install", "--yes", "--no-install-recommends", name);
}

/** The Debian mirror that this machine's own apt uses. */
export async function mirror(): Promise<string> {
  const format = "$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)";
  const { stdout } = await execa("apt-get", ["indextargets", "--format", format]);
  const [, uri] = /^Debian Debian main (\S+)$/m.exec(stdout) ?? [];
  return uri ?? "http://deb.debian.org/debian";
}

async function aptGet(...args: string[]): Promise<void> {
  const { failed, all } = await execa("apt-get", args, {
    env: { DEBIAN_FRONTEND: "noninteractive" },
    all: true,
    reject: false,
    timeout: DEADLINE_MS,
  });
  if (failed) throw new SetupError(`apt-get ${args.join(" ")} failed:\n${all.slice(-2_000)}`);
}
