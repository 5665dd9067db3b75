/** What stands in a preview for a value that is known only after the update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** What the CLI prints for a secret. */
export const SECRET = "[secret]";

/** Whether the value is unknown. A text of which a part is comes as unknown altogether. */
export function isUnknown(value: unknown): boolean {
  return value === UNKNOWN;
}

/** The value at the path, where every step down may be missing or unknown. A list of one counts as its element. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    if (isUnknown(found)) return found;
    if (Array.isArray(found)) found = found[0];
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[key];
  }
  return found;
}

/** For a sentence: what a property is, instead of what it must be. */
export function told(value: unknown): string {
  if (value === undefined || value === null) return "is missing";
  if (isUnknown(value)) return "isn't known before the update";
  return `is ${JSON.stringify(value)}`;
}

/** A reference to a provider is its URN and its id. */
export function withoutId(provider: string): string {
  return provider.split("::").slice(0, 4).join("::");
}
