import type { Rule } from "../facts.ts";
import { title } from "../kind.ts";
import { isUnknown, SECRET } from "../value.ts";

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
/** A password in a URI, or in JSON that is the content of a file. */
const PASSWORD = /:\/\/[^\s:/@]*:[^\s/@]+@|"[\w-]*(?:password|passphrase|secret)"\s*:\s*"[^"]+"/i;
const SECRET_NAME = /(?:password|passphrase|secret|privatekey|privatekeypem|secretkey|apikey)$/i;

/** What is secret is marked where it is born: in a preview, and so in the state, it is hidden. The sentence never repeats it. */
export const secretsMarked: Rule = ({ preview: { steps, config } }) =>
  [
    // What was in clear before the update is in the state's history, and taking it out is what mends it.
    ...steps.flatMap(({ op, new: state, answer, ...step }) =>
      op === "delete" || state === undefined
        ? []
        : [
            ...inClear(state.inputs, []),
            ...inClear(op === "same" ? answer?.outputs : state.outputs, []),
          ].map(
            ([path, what]) =>
              `${title(step)} shows ${what} in clear text: ${path} must be marked as a secret.`,
          ),
    ),
    ...inClear(config, []).map(
      ([path, what]) => `The config shows ${what} in clear text: ${path}.`,
    ),
  ].filter((sentence, index, all) => all.indexOf(sentence) === index);

/** Whether a value looks like a secret, itself or by its name. */
export function showsSecret(value: unknown, path: string): boolean {
  return inClear(value, path.split(".")).length > 0;
}

type Found = readonly [path: string, what: string];

function inClear(value: unknown, path: readonly string[]): readonly Found[] {
  if (typeof value === "string") return clearText(value, path);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => inClear(inner, [...path, key]));
}

function clearText(text: string, path: readonly string[]): readonly Found[] {
  if (text === "" || text === SECRET || isUnknown(text)) return [];
  const where = path.join(".");
  if (PRIVATE_KEY.test(text)) return [[where, "a private key"]];
  if (PASSWORD.test(text) || SECRET_NAME.test(path.at(-1) ?? "")) return [[where, "a password"]];
  return [];
}
