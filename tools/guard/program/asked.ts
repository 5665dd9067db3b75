import { rawConfig } from "../../../infra/config/raw.ts";
import { parseConfig } from "../../../infra/config.ts";
import { deploy } from "../../../infra/deploy.ts";
import type { Stack } from "../../../infra/model/stack.ts";
import type { Answer, Preview, Values } from "../preview.ts";
import { SECRET } from "../value.ts";
import type { Registered } from "./stand-in.ts";
import { HIDDEN, register } from "./stand-in.ts";

/** What this program makes of the preview's config. */
export type Asked =
  | {
      readonly kind: "asked";
      readonly stack: Stack;
      readonly resources: ReadonlyMap<string, Registered>;
    }
  | { readonly kind: "unknown"; readonly why: string };

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs this program once more on the preview's config, and tells it of each resource what the engine told: the ids and outputs that the
 * preview shows. So what it registers is what the preview must show, down to the last property.
 */
export function askedBy(preview: Preview): Promise<Asked> {
  // One at a time: the SDK keeps its state in the process.
  const asked = last.then(() => run(preview));
  last = asked;
  return asked;
}

async function run(preview: Preview): Promise<Asked> {
  const [, , stack, , project] = preview.steps[0]?.urn.split(":") ?? [];
  if (stack === undefined || project === undefined)
    return { kind: "unknown", why: "it has no steps" };
  const failures: unknown[] = [];
  const failed = (reason: unknown) => failures.push(reason);
  // What goes wrong within an output is nobody's promise.
  process.on("unhandledRejection", failed);
  try {
    const config = parseConfig(rawConfig(preview.config), new Date());
    const answers = new Map(preview.steps.map(({ urn, answer }) => [urn, answer]));
    const registered = await register(
      { project, stack, answer: ({ urn }) => told(answers.get(urn)) },
      () => deploy(config),
    );
    if (failures.length > 0) throw failures[0];
    return {
      kind: "asked",
      stack: config.stack,
      resources: new Map(registered.map((one) => [one.urn, one])),
    };
  } catch (error) {
    return {
      kind: "unknown",
      why: `what this program makes of the preview's config can't be told: ${(error as Error).message}`,
    };
  } finally {
    process.off("unhandledRejection", failed);
  }
}

/** Of a resource that the preview hides nothing is known. */
function told(answer: Answer | undefined): Answer {
  if (answer === undefined) return { id: undefined, outputs: {} };
  return { id: answer.id, outputs: hidden(answer.outputs) as Values };
}

/** A secret is shown as a word of the CLI's: the program gets a secret instead, of which nothing is known. */
function hidden(value: unknown): unknown {
  if (value === SECRET) return HIDDEN;
  if (Array.isArray(value)) return value.map(hidden);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hidden(inner)]));
}
