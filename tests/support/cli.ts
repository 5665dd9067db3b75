import { randomInt } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { execa } from "execa";

import { BASE_IMAGE } from "../../infra/model/stack.ts";
import { freePorts, PORTS } from "../../tools/setup/free-place.ts";
import { PULUMI_HOME, withoutLogs } from "../../tools/setup/pulumi.ts";
import { docker } from "./docker.ts";
import { ownRange } from "./free-range.ts";

const PROJECT = resolve(import.meta.dirname, "../..");

/** Longest time for one call of the CLI; `up` waits for databases. */
const DEADLINE_MS = 300_000;

export interface Step {
  readonly op: string;
  readonly urn: string;
  readonly replaceReasons?: readonly string[];
  readonly diffReasons?: readonly string[];
  readonly detailedDiff?: Readonly<Record<string, { readonly kind: string }>> | null;
  readonly newState?: {
    readonly inputs?: Readonly<Record<string, unknown>>;
    readonly protect?: boolean;
  };
}

export interface Preview {
  readonly steps: readonly Step[];
  readonly changeSummary: Readonly<Record<string, number>>;
}

export interface Deployed {
  readonly resources?: readonly {
    readonly urn: string;
    readonly type: string;
    readonly id?: string;
    /** ISO times. */
    readonly created?: string;
    readonly modified?: string;
    readonly dependencies?: readonly string[];
    readonly inputs?: Readonly<Record<string, unknown>>;
    readonly outputs?: Readonly<Record<string, unknown>>;
  }[];
}

/** A stack of its own: own state, own home, own config file, own place on this machine. */
export class Stack {
  readonly name: string;
  readonly project: string;
  readonly #folder: string;
  readonly #configFile: string;

  constructor(name: string, project: string, folder: string) {
    this.name = name;
    this.project = project;
    this.#folder = folder;
    this.#configFile = join(folder, `Pulumi.${name}.yaml`);
  }

  /** Replaces the whole config. Keys as in a `Pulumi.<stack>.yaml`, values as they are (JSON is YAML). */
  async configure(config: Readonly<Record<string, unknown>>): Promise<void> {
    await this.configureText(`config: ${JSON.stringify(config)}\n`);
  }

  /** Replaces the whole config by the text of a `Pulumi.<stack>.yaml`, as a person wrote it. */
  async configureText(yaml: string): Promise<void> {
    await writeFile(this.#configFile, `${await this.#salt()}\n${yaml}`);
  }

  async preview(): Promise<Preview> {
    return JSON.parse(await this.#configured("preview", "--json"));
  }

  /** What the CLI shows a person. */
  previewText(): Promise<string> {
    return this.#configured("preview", "--diff", "--color", "never");
  }

  /** Returns what the update did, by operation: `{ create: 3, same: 1 }`. */
  async up(...options: string[]): Promise<Readonly<Record<string, number>>> {
    return (await this.upWithLog(...options)).changes;
  }

  /** The same, with what the CLI said meanwhile. */
  async upWithLog(...options: string[]): Promise<{
    readonly changes: Readonly<Record<string, number>>;
    readonly log: string;
  }> {
    const log = await this.#configured("up", "--yes", "--skip-preview", ...options);
    const [last] = JSON.parse(await this.run("stack", "history", "--json"));
    return { changes: last.resourceChanges ?? {}, log };
  }

  /** The whole state as it is stored: secrets stay encrypted. */
  async export(...options: string[]): Promise<Deployed> {
    return JSON.parse(await this.run("stack", "export", ...options)).deployment;
  }

  /** Changes the state behind the CLI's back, as time or another hand would. */
  async rewrite(change: (deployed: Deployed) => Deployed): Promise<void> {
    const stored = JSON.parse(await this.run("stack", "export"));
    const file = join(this.#folder, "rewritten.json");
    await writeFile(file, JSON.stringify({ ...stored, deployment: change(stored.deployment) }));
    await this.run("stack", "import", "--file", file);
  }

  /** Secrets in clear. */
  async outputs(): Promise<Readonly<Record<string, unknown>>> {
    return JSON.parse(await this.run("stack", "output", "--json", "--show-secrets"));
  }

  async destroy(...options: string[]): Promise<void> {
    await this.#configured("destroy", "--yes", "--skip-preview", ...options);
  }

  /** Any call of the CLI on this stack; fails with everything that it said. */
  async run(...args: string[]): Promise<string> {
    const { stdout } = await execa("pulumi", [...args, "-s", this.name, "--non-interactive"], {
      cwd: this.project,
      env: this.environment(),
      timeout: DEADLINE_MS,
      stdin: "ignore",
      maxBuffer: 256 * 1024 * 1024,
    });
    return stdout;
  }

  environment(): Record<string, string> {
    return {
      PULUMI_HOME: join(this.#folder, "home"),
      PULUMI_BACKEND_URL: `file://${this.backend}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
  }

  /** The folder of the CLI's file backend. */
  get backend(): string {
    return join(this.#folder, "state");
  }

  /** Arguments that name the config file, for the commands that take it. */
  get configArguments(): readonly string[] {
    return ["--config-file", this.#configFile];
  }

  async #salt(): Promise<string> {
    const [salt = ""] =
      /^"?encryptionsalt.*$/m.exec(await readFile(this.#configFile, "utf8")) ?? [];
    return salt;
  }

  #configured(command: string, ...options: string[]): Promise<string> {
    return this.run(command, ...this.configArguments, ...options);
  }
}

/**
 * Runs `use` with a new stack of this project, or of the one in `project`, then takes away whatever the stack still has. This project's
 * stacks get a free `portico:local` unless the config brings one.
 */
export async function withStack(
  { config = {}, project = PROJECT }: { config?: Record<string, unknown>; project?: string },
  use: (stack: Stack) => Promise<void>,
): Promise<void> {
  const name = `t${randomInt(36 ** 6)
    .toString(36)
    .padStart(6, "0")}`;
  const folder = await mkdtemp(join(tmpdir(), "portico-"));
  try {
    await mkdir(join(folder, "state"));
    await withoutLogs(join(folder, "home"));
    // Where the real plugins are there, they were downloaded once for all.
    await symlink(join(PULUMI_HOME, "plugins"), join(folder, "home", "plugins"));
    const stack = new Stack(name, project, folder);
    await initialise(stack, folder);
    const local = project === PROJECT ? { "portico:local": await freePlace(name) } : {};
    await stack.configure({ ...local, ...config });
    try {
      await use(stack);
    } finally {
      await takeAway(stack);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(join(project, ".portico", name), { recursive: true, force: true });
  }
}

/** The second octet of the first one. */
const FIRST_RANGE = 128;

/** A value for `portico:local` that no other stack on this machine uses; `npm start` takes others. */
export async function freePlace(name: string): Promise<Readonly<Record<string, unknown>>> {
  const range = await ownRange(FIRST_RANGE, 191);
  // Each range has ports of its own to begin with.
  const ordinal = Number(range.split(".")[1]) - FIRST_RANGE;
  const firstPort = await freePorts(20_000 + 8 * PORTS * ordinal);
  return { name, range, firstPort, base: await baseImage() };
}

/** The CLI writes a new stack's config file beside Pulumi.yaml: a stand-in for the project keeps it in `folder`. */
async function initialise(stack: Stack, folder: string): Promise<void> {
  const text = await readFile(join(stack.project, "Pulumi.yaml"), "utf8");
  const [, project] = /^name:\s*(\S+)/m.exec(text) ?? [];
  await writeFile(join(folder, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
  await execa("pulumi", ["stack", "init", stack.name, "-C", folder, "--non-interactive"], {
    env: stack.environment(),
    timeout: DEADLINE_MS,
  });
}

async function takeAway(stack: Stack): Promise<void> {
  const { resources = [] } = await stack.export();
  if (resources.length === 0) return;
  await stack.run("state", "unprotect", "--all", "--yes");
  await stack.destroy();
}

async function baseImage(): Promise<string> {
  const { PORTICO_BASE_IMAGE } = process.env;
  if (PORTICO_BASE_IMAGE) return PORTICO_BASE_IMAGE;
  const made = "portico/debian:trixie-slim";
  return docker
    .getImage(made)
    .inspect()
    .then(
      () => made,
      () => BASE_IMAGE,
    );
}
