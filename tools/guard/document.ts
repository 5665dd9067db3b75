import { z } from "zod";

import { canonicalCidr } from "../../proxy-image/src/cidr.ts";
import { kindOf } from "./kind.ts";
import type { PlaceOf } from "./place.ts";
import type { Preview, State, Step } from "./preview.ts";
import { isUnknown, SECRET } from "./value.ts";

/** The portals' document of one deployment, before and after. */
export interface DocumentChange {
  readonly deployment: string;
  readonly step: Step;
  readonly before: Content;
  readonly after: Content;
}

/** `absent`: there is no document, so it lets nobody in. */
export type Content =
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable"; readonly why: string }
  | {
      readonly kind: "document";
      readonly open: boolean;
      readonly whitelist: ReadonlyMap<string, Entry>;
      /** Everything else in it, as text by key. */
      readonly rest: ReadonlyMap<string, string>;
    };

export interface Entry {
  readonly note: string;
  readonly until?: string;
}

const Shape = z.looseObject({
  open: z.boolean().default(false),
  whitelist: z.record(
    z.string(),
    z.union([
      z.string(),
      z.looseObject({ note: z.string().default(""), until: z.string().optional() }),
    ]),
  ),
});

/** The blocks on a whitelist. A line that is none lets nobody in: portals refuse the document. */
export function cidrsIn(content: Content): readonly string[] {
  if (content.kind !== "document") return [];
  return [...content.whitelist.keys()].filter((cidr) => canonicalCidr(cidr) !== undefined);
}

/** Every document in the preview, changed or not. */
export function documentsIn({ steps }: Preview, placeOf: PlaceOf): readonly DocumentChange[] {
  return steps
    .filter((step) => kindOf(step) === "document")
    .map((step) => ({
      step,
      deployment: placeOf(step).deployment ?? step.name,
      before: contentOf(step.op === "create" ? undefined : step.old),
      after: contentOf(step.op === "delete" ? undefined : step.new),
    }));
}

function contentOf(state: State | undefined): Content {
  if (state === undefined) return { kind: "absent" };
  const { content } = state.inputs;
  if (typeof content !== "string" || isUnknown(content) || content === SECRET)
    return { kind: "unreadable", why: "isn't known before the update" };
  try {
    const { open, whitelist, ...rest } = Shape.parse(JSON.parse(content));
    return {
      kind: "document",
      open,
      whitelist: new Map(Object.entries(whitelist).map(([cidr, entry]) => [cidr, entryOf(entry)])),
      rest: new Map(Object.entries(rest).map(([key, value]) => [key, JSON.stringify(value)])),
    };
  } catch (error) {
    return { kind: "unreadable", why: `can't be read: ${(error as Error).message}` };
  }
}

function entryOf(entry: z.infer<typeof Shape>["whitelist"][string]): Entry {
  if (typeof entry === "string") return { note: entry };
  const { note, until } = entry;
  return until === undefined ? { note } : { note, until };
}
