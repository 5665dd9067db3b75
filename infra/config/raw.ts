import type { RawConfig } from "../config.ts";

const NAMESPACE = "portico:";

/** What the engine hands over of a stack's config, values as text, without the namespace and without others' keys. */
export function rawConfig(all: Readonly<Record<string, string>>): RawConfig {
  return Object.fromEntries(
    Object.entries(all)
      .filter(([key]) => key.startsWith(NAMESPACE))
      .map(([key, text]) => [key.slice(NAMESPACE.length), decoded(text)]),
  );
}

/** The engine hands over objects as JSON, and everything else as it was written. */
function decoded(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
