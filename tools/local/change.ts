// An `up` or `destroy` of the local stack: it is reported line by line, and ends well when it is interrupted.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { z } from "zod";
import { PROJECT } from "../setup/paths.ts";
import type { Setup } from "../setup/set-up.ts";
import { print } from "../setup/step.ts";
import { cli as cliOf, explained, isLocked } from "./cli.ts";
import { recover } from "./recover.ts";
import type { StackFiles } from "./state.ts";
import { localFiles, STACK, stackEnvironment } from "./state.ts";

/** Our run begins when the other one ends, unless a third one is faster. */
const TRIES = 3;

/** The exit code of a command that was asked to end. */
const INTERRUPTED = 130;

/**
 * Runs `pulumi up` or `pulumi destroy` on the local stack, with one line for everything that it did. Asked to end, it lets the CLI finish what
 * is under way, so that the state knows it. Waits for another run that is at work on the stack. Returns the exit code.
 */
export async function change(
  setup: Pick<Setup, "env">,
  args: readonly string[],
  files: StackFiles = localFiles,
): Promise<number> {
  for (let tries = 1; ; tries++) {
    const { code, failure } = await runOnce(setup, args);
    const stderr = failure.join("\n");
    if (isLocked(stderr) && tries < TRIES && code !== INTERRUPTED) {
      await recover(cliOf(setup), files);
      continue;
    }
    const explanation = explained(stderr);
    if (explanation) throw explanation;
    for (const line of failure) print(line);
    return code;
  }
}

/** `failure`: the CLI's last lines, from its error on. Messages of resources are printed as they come. */
async function runOnce({ env }: Pick<Setup, "env">, args: readonly string[]) {
  const child = spawn("pulumi", [...args, "--yes", "--json", "--non-interactive", "-s", STACK], {
    cwd: PROJECT,
    env: stackEnvironment(env),
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that Ctrl-C at the terminal reaches it once, through `onEnd`, and not its plugins.
    detached: true,
  });
  const progress = new Progress();
  const failure: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (line) => {
      if (stream === child.stderr && (failure.length > 0 || line.startsWith("error: ")))
        failure.push(line);
      else for (const text of progress.lines(line)) print(text);
    });
  }
  let asked = 0;
  const stopWatching = onEnd(() => {
    asked += 1;
    progress.end();
    if (asked === 1) print("· stopping after the current step; press Ctrl-C again to stop now");
    child.kill(asked === 1 ? "SIGINT" : "SIGKILL");
  });
  const code = await new Promise<number>((done, failed) => {
    child.once("error", failed);
    child.once("close", (exit) => done(exit ?? 1));
  });
  stopWatching();
  return { code: asked > 0 ? INTERRUPTED : code, failure };
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Calls `end` whenever this process is asked to end: by Ctrl-C, by a signal, by the loss of its terminal, or because the command that
 * started it is gone (npm killed, say). Returns how to stop watching.
 */
export function onEnd(end: () => void): () => void {
  const parent = process.ppid;
  const orphaned = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(orphaned);
    end();
  }, 1_000);
  for (const signal of SIGNALS) process.on(signal, end);
  return () => {
    clearInterval(orphaned);
    for (const signal of SIGNALS) process.off(signal, end);
  };
}

const Resource = z.object({ custom: z.boolean().optional() }).nullish();

const Metadata = z.object({ op: z.string(), urn: z.string(), old: Resource, new: Resource });

const Event = z.object({
  timestamp: z.number(),
  diagnosticEvent: z
    .object({ urn: z.string().optional(), message: z.string(), severity: z.string() })
    .optional(),
  resourcePreEvent: z.object({ metadata: Metadata }).optional(),
  resOutputsEvent: z.object({ metadata: Metadata }).optional(),
  summaryEvent: z
    .object({
      durationSeconds: z.number(),
      resourceChanges: z.record(z.string(), z.number()).nullish(),
    })
    .optional(),
});

type Event = z.infer<typeof Event>;

const WHOLE_STACK = "pulumi:pulumi:Stack";

/** Operations that change something, in the past tense. */
const DONE: Readonly<Record<string, string>> = {
  create: "created",
  "create-replacement": "created anew",
  update: "updated",
  delete: "deleted",
  "delete-replaced": "deleted the old",
};

const COUNTED: Readonly<Record<string, string>> = {
  ...DONE,
  same: "unchanged",
  replace: "replaced",
};

/** What the CLI says of plugins on PATH on every run. */
const NOISE = /^(warning: )?using pulumi-\S+ from \$PATH at /;

/** What the CLI, and a Docker that builds an image, say of what was under way. */
const BROKEN_OFF =
  /\b(update cancell?ed|(was|were|been) (aborted|cancell?ed)|context cancell?ed|operation was aborted)/i;

/** Turns the engine's events (`--json`, one per line) into the lines that a person wants to see. */
export class Progress {
  readonly #begun = new Map<string, number>();
  readonly #said = new Set<string>();
  #ending = false;

  /** The update was asked to end: what breaks off because of that needn't be reported. */
  end(): void {
    this.#ending = true;
  }

  /** Returns what there is to say about one line of the CLI's output. */
  lines(line: string): readonly string[] {
    const event = parse(line);
    if (!event) return line.trim() && !NOISE.test(line) ? [line] : [];
    return [...this.#diagnostic(event), ...this.#resource(event), ...summary(event)];
  }

  #resource({ timestamp, resourcePreEvent, resOutputsEvent }: Event): readonly string[] {
    if (resourcePreEvent) this.#begun.set(resourcePreEvent.metadata.urn, timestamp);
    if (!resOutputsEvent) return [];
    const { op, urn } = resOutputsEvent.metadata;
    const done = DONE[op];
    if (!done || isGroup(resOutputsEvent.metadata) || isSmall(op, urn)) return [];
    const seconds = timestamp - (this.#begun.get(urn) ?? timestamp);
    return [`  ${done} ${shortName(urn)}${seconds >= 2 ? ` (${seconds} s)` : ""}`];
  }

  #diagnostic({ diagnosticEvent }: Event): readonly string[] {
    if (!diagnosticEvent || diagnosticEvent.severity === "debug") return [];
    const { severity, message, urn } = diagnosticEvent;
    const text = message.trim();
    if (!text || NOISE.test(text) || (this.#ending && BROKEN_OFF.test(text))) return [];
    const whose = urn && typeOf(urn) !== WHOLE_STACK ? `${shortName(urn)}: ` : "";
    const line = `  ${severity === "error" ? "✗ " : ""}${whose}${text}`;
    if (this.#said.has(line)) return [];
    this.#said.add(line);
    return [line];
  }
}

function summary({ summaryEvent }: Event): readonly string[] {
  if (!summaryEvent) return [];
  const { resourceChanges, durationSeconds } = summaryEvent;
  const changes = Object.entries(resourceChanges ?? {}).map(
    ([op, count]) => `${count} ${COUNTED[op] ?? op}`,
  );
  return [`· ${changes.join(", ") || "nothing to do"} (${durationSeconds} s)`];
}

function parse(line: string): Event | undefined {
  try {
    return Event.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** "container orders-1" of "urn:pulumi:local::portico::…$docker:index/container:Container::orders-1". */
function shortName(urn: string): string {
  return `${(typeOf(urn).split(":").at(-1) ?? "").toLowerCase()} ${urn.split("::")[3] ?? ""}`;
}

/** The stack itself and components, which only group what follows. */
function isGroup({ old, new: made }: z.infer<typeof Metadata>): boolean {
  return !(made ?? old)?.custom;
}

/** Keys, certificates and files come and go by the dozen: their number is enough. A change of one of them is worth a line. */
function isSmall(op: string, urn: string): boolean {
  return (op === "create" || op === "delete") && !typeOf(urn).startsWith("docker:");
}

function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}
