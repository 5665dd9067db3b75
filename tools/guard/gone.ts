import { z } from "zod";

import { kindOf } from "./kind.ts";
import type { State, Step } from "./preview.ts";
import { isUnknown, SECRET } from "./value.ts";

/** What EC2 changes only in an instance that is stopped, so the provider stops it and starts it again. */
const STOPPING = ["instanceType", "userData", "userDataBase64"] as const;

const Settings = z.looseObject({ image: z.string() });

/** Why the machine that the step belongs to is away for a while, without being replaced; empty: it goes on. */
export function stopsFor(step: Step): readonly string[] {
  if (step.op !== "update") return [];
  const [before, after] = [step.old, step.new];
  if (step.type === "aws:ec2/instance:Instance")
    return STOPPING.filter((key) => !same(before?.inputs[key], after?.inputs[key]));
  return [];
}

/** Why the machine's container ends and another one begins; empty: it goes on. */
export function restartsFor(step: Step): readonly string[] {
  if (step.op !== "update" || kindOf(step) !== "machine settings") return [];
  const [before, after] = [imageIn(step.old), imageIn(step.new)];
  return before !== undefined && before === after ? [] : ["image"];
}

/** Undefined: nobody can tell before the update. */
function imageIn(state: State | undefined): string | undefined {
  const content = state?.inputs.content;
  if (typeof content !== "string" || isUnknown(content) || content === SECRET) return undefined;
  try {
    return Settings.parse(JSON.parse(content)).image;
  } catch {
    return undefined;
  }
}

function same(before: unknown, after: unknown): boolean {
  return !isUnknown(after) && JSON.stringify(before) === JSON.stringify(after);
}
