// What each type of resource of this provider has to do, and what they share: comparing, permissions, secrets.
import {
  isRpcSecret,
  specialSecretSig,
  specialSigKey,
  unwrapRpcSecret,
} from "@pulumi/pulumi/runtime/rpc.js";

/** Properties as they come over the wire: a value may be wrapped as a secret, and stays wrapped on its way back. */
export type Props = Readonly<Record<string, unknown>>;

/** One type of resource. The id of a file or folder is its path on the host. */
export interface Kind {
  /** Failures are why the engine is to go no further, preview or not. `olds` is empty for a resource that isn't there yet. */
  check?(
    urn: string,
    olds: Props,
    news: Props,
  ): Promise<{
    readonly inputs: Props;
    readonly failures: { readonly property: string; readonly reason: string }[];
  }>;
  diff(olds: Props, news: Props): { readonly changes: boolean; readonly replaces: string[] };
  create(props: Props): Promise<{ readonly id: string; readonly outs: Props }>;
  /** Undefined: it is gone. */
  read(id: string, props: Props): Promise<Props | undefined>;
  update(olds: Props, news: Props): Promise<Props>;
  delete(id: string): Promise<void>;
}

/** Another path is another resource; everything else changes in place. */
export function diffByPath(olds: Props, news: Props): ReturnType<Kind["diff"]> {
  const names = new Set([...Object.keys(olds), ...Object.keys(news)]);
  const changed = [...names].filter(
    (name) => JSON.stringify(olds[name]) !== JSON.stringify(news[name]),
  );
  return { changes: changed.length > 0, replaces: changed.includes("path") ? ["path"] : [] };
}

/** A permission such as "0644", as the number that the file system takes. */
export function permissions(mode: unknown): number {
  const text = String(mode);
  if (!/^0[0-7]{3}$/.test(text)) throw new Error(`mode must be octal such as "0644", not ${text}`);
  return Number.parseInt(text, 8);
}

export function formatPermissions(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

/** The text of a property that may be a secret. */
export function textOf(value: unknown): string {
  const text: unknown = isRpcSecret(value) ? unwrapRpcSecret(value) : value;
  if (typeof text !== "string") throw new Error(`expected text, got ${typeof text}`);
  return text;
}

/** `text` as a secret if `like` is one, so that what was read from disk stays as secret as what was written. */
export function wrappedLike(like: unknown, text: string): unknown {
  return isRpcSecret(like) ? { [specialSigKey]: specialSecretSig, value: text } : text;
}
