import {
  isRpcSecret,
  specialSecretSig,
  specialSigKey,
  unwrapRpcSecret,
} from "@pulumi/pulumi/runtime/rpc.js";

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
