// The Pulumi CLI on the local stack: short calls, the config and the outputs that it prints.
import { ExecaError, execa } from "execa";
import { z } from "zod";
import { PROJECT } from "../setup/paths.ts";
import type { Setup } from "../setup/set-up.ts";
import { SetupError } from "../setup/step.ts";
import { passphraseMissing, STACK, stackEnvironment } from "./state.ts";

export type Cli = (...args: string[]) => Promise<string>;

/** Short calls of the CLI on the local stack; they fail with its own error. */
export function cli({ env }: Pick<Setup, "env">): Cli {
  return async (...args) => {
    const { stdout } = await execa("pulumi", [...args, "--non-interactive", "-s", STACK], {
      cwd: PROJECT,
      env: stackEnvironment(env),
      extendEnv: false,
      stdin: "ignore",
      maxBuffer: 256 * 1024 * 1024,
      timeout: 120_000,
    }).catch((error) => {
      throw readable(error);
    });
    return stdout;
  };
}

/** What a person can mend, explained. Other errors as they are. */
export function readable(error: unknown): unknown {
  return (error instanceof ExecaError && explained(String(error.stderr))) || error;
}

export const isLocked = (stderr: string): boolean =>
  stderr.includes("the stack is currently locked by");

/** Explains what the CLI wrote to standard error, where a person can mend it. */
export function explained(stderr: string): SetupError | undefined {
  const [, fault] = /invalid YAML file: (.*)/.exec(stderr) ?? [];
  if (fault !== undefined) return new SetupError(`Pulumi.local.yaml can't be read: ${fault}`);
  if (stderr.includes("incorrect passphrase"))
    return new SetupError(
      "The passphrase in .portico/passphrase doesn't fit Pulumi.local.yaml. If that file is a copy from another folder: remove its line encryptionsalt, and portico:local too, so that this stack gets a name and a place of its own. If .portico/passphrase has changed: bring the old one back, since the state can't be read without it.",
    );
  if (stderr.includes("unable to read PULUMI_CONFIG_PASSPHRASE_FILE")) return passphraseMissing();
  if (isLocked(stderr))
    return new SetupError(
      "Another run is at work on this stack: let it finish, then do this again.",
    );
  return undefined;
}

const Config = z.record(
  z.string(),
  z.object({ value: z.unknown().optional(), objectValue: z.unknown().optional() }),
);

/** By key, as the CLI has read it, secrets too: what stands in it may be full of mistakes. */
export type StackConfig = z.infer<typeof Config>;

export async function readConfig(cli: Cli): Promise<StackConfig> {
  return Config.parse(JSON.parse(await cli("config", "--json", "--show-secrets")));
}

const Deployment = z.object({
  engine: z.string(),
  version: z.string().optional(),
  servedBy: z.string().optional(),
  ca: z.string(),
  /** In the order of each endpoint's hosts. */
  portals: z.array(z.object({ name: z.string(), status: z.string() })),
  endpoints: z.record(
    z.string(),
    z.object({
      uri: z.string(),
      hosts: z.array(z.object({ host: z.string(), port: z.number() })),
    }),
  ),
});

export type Deployment = z.infer<typeof Deployment>;

/** The part of the stack's outputs that a person needs to connect. Holds passwords. */
export function parseDeployments(json: string): Readonly<Record<string, Deployment>> {
  return z.object({ deployments: z.record(z.string(), Deployment) }).parse(JSON.parse(json))
    .deployments;
}

/** Whether a command line names `stack`, in any of the spellings that the CLI takes. */
export function namesStack(args: readonly string[], stack: string): boolean {
  return args.some(
    (arg, index) =>
      [`-s${stack}`, `-s=${stack}`, `--stack=${stack}`].includes(arg) ||
      (["-s", "--stack"].includes(arg) && args[index + 1] === stack),
  );
}
