import type { z } from "zod";

export type Read<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "unreadable"; readonly why: string };

/** Reads JSON of a shape. Never throws, whatever the bytes are. */
export function readJson<T>(shape: z.ZodType<T>, text: string): Read<T> {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { kind: "unreadable", why: "the reply is not JSON" };
  }
  const result = shape.safeParse(raw);
  if (result.success) return { kind: "read", value: result.data };
  const [issue] = result.error.issues;
  const where = issue?.path.join(".") || "reply";
  return { kind: "unreadable", why: `${where}: ${issue?.message ?? "has another shape"}` };
}
