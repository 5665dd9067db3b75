import { z } from "zod";

import { readJson } from "../../../observe/json.ts";
import { textOfBase64 } from "./base64.ts";

export type WatchReply =
  | { readonly kind: "created" }
  | { readonly kind: "events"; readonly names: readonly string[] }
  /** Nothing more will come: a refused watch says `created` and `canceled` at once. */
  | { readonly kind: "lost"; readonly why: string };

/** Reads one object of the stream that answers `POST /v3/watch`. Pure, and never throws. */
export function decodeWatch(line: string): WatchReply {
  const reply = readJson(Reply, line);
  if (reply.kind === "unreadable") return { kind: "lost", why: reply.why };
  const { result, error } = reply.value;
  if (!result) return { kind: "lost", why: error?.message ?? "the stream ended with an error" };
  if (result.canceled) {
    return { kind: "lost", why: result.cancel_reason || "the watch was canceled" };
  }
  if (result.created) return { kind: "created" };
  const names = result.events.map(({ kv }) => textOfBase64(kv.key));
  if (!names.every((name) => name !== undefined)) {
    return { kind: "lost", why: "a key is not base64 of text" };
  }
  return { kind: "events", names };
}

/** Cuts a stream into its lines; `rest` is the beginning of the next one. */
export function takeLines(text: string): { readonly lines: readonly string[]; rest: string } {
  const parts = text.split("\n");
  const rest = parts.pop() ?? "";
  return { lines: parts.filter((line) => line.trim() !== ""), rest };
}

const Reply = z.object({
  result: z
    .object({
      created: z.boolean().default(false),
      canceled: z.boolean().default(false),
      cancel_reason: z.string().default(""),
      events: z.array(z.object({ kv: z.object({ key: z.string() }) })).default([]),
    })
    .optional(),
  error: z.object({ message: z.string().optional() }).optional(),
});
