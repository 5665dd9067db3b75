import { KEY_NAME } from "../../proxy-image/src/contract.ts";
import { readPublicKey } from "../../proxy-image/src/ssh/public-key.ts";
import type { Ssh } from "../model/stack.ts";
import { isAmbiguous } from "./name.ts";
import type { Report } from "./report.ts";
import { entries, isMap, strict } from "./strict.ts";

const NAME = "must be a name of 1 to 63 letters, digits, dots, dashes, underscores and @";

const Raw = strict({
  keys: entries('must be a map from a name to a public key, such as { ann: "ssh-ed25519 AAAA…" }'),
});

/** Who may open tunnels. Reports what is wrong with each key; nothing where a deployment asks for no SSH portal. */
export function readSsh(raw: unknown, report: Report): Ssh | undefined {
  if (raw === undefined) return undefined;
  const read = Raw.safeParse(raw);
  for (const { path, message } of read.error?.issues ?? []) report(path, message);
  // A misspelt key beside it hides no mistake in the keys.
  const written = read.data?.keys ?? looselyKeys(raw);
  const keys: Record<string, string> = {};
  const owners = new Map<string, string>();
  for (const [name, line] of written) {
    const at = ["keys", name];
    const unusable = mistakeInName(name);
    if (unusable !== undefined) report(at, unusable);
    const key = readPublicKey(typeof line === "string" ? line : "");
    if (key.kind === "refused") {
      report(at, key.why);
      continue;
    }
    const owner = owners.get(key.line);
    if (owner !== undefined) report(at, `is the same key as ${owner}'s`);
    owners.set(key.line, name);
    keys[name] = key.line;
  }
  return read.success ? { keys } : undefined;
}

function mistakeInName(name: string): string | undefined {
  if (!KEY_NAME.test(name)) return NAME;
  if (!isAmbiguous(name)) return undefined;
  return "may have been written otherwise: Pulumi makes 8 of 010; choose a name that begins with a letter";
}

function looselyKeys(raw: unknown): readonly (readonly [string, unknown])[] {
  const keys = (raw as { keys?: unknown } | null)?.keys;
  return isMap(keys) ? Object.entries(keys) : [];
}
