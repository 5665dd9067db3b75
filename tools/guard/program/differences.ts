import type { Values } from "../preview.ts";
import { isUnknown, SECRET } from "../value.ts";
import { isFilledIn, type Where } from "./filled-in.ts";
import { isSecret } from "./stand-in.ts";

export interface Difference {
  /** Such as `metadataOptions.httpTokens`. */
  readonly path: string;
  readonly asked: unknown;
  readonly shown: unknown;
}

export interface Comparison extends Where {
  /** Whether a value may still be unknown although this program knows it: what the input comes from is about to change. */
  mayBeUnknown(input: string): boolean;
  /** Whether this program may not know a value that is known: the preview hides where it comes from. */
  readonly hides: boolean;
}

/** In what a preview's inputs differ from those that the program gives. */
export function differences(
  asked: Values,
  shown: Values,
  comparison: Comparison,
): readonly Difference[] {
  return inObject(asked, shown, [], comparison);
}

function inObject(
  asked: Values,
  shown: Values,
  path: readonly string[],
  comparison: Comparison,
): readonly Difference[] {
  const keys = [...new Set([...Object.keys(asked), ...Object.keys(shown)])];
  return keys.flatMap((key) => {
    const at = [...path, key];
    if (isMissing(asked[key]))
      return isMissing(shown[key]) || isFilledIn(key, shown, comparison)
        ? []
        : [{ path: at.join("."), asked: undefined, shown: shown[key] }];
    return inValue(asked[key], shown[key], at, comparison);
  });
}

function inValue(
  asked: unknown,
  shown: unknown,
  path: readonly string[],
  comparison: Comparison,
): readonly Difference[] {
  const different = [{ path: path.join("."), asked, shown }];
  if (isSecret(asked) || isUnknown(asked) || isUnknown(shown))
    return mayDiffer(asked, shown, path[0] ?? "", comparison) ? [] : different;
  if (Array.isArray(asked)) {
    if (!Array.isArray(shown) || shown.length !== asked.length) return different;
    return asked.flatMap((one, index) =>
      inValue(one, shown[index], [...path, `${index}`], comparison),
    );
  }
  if (isObject(asked))
    return isObject(shown) ? inObject(asked, shown, path, comparison) : different;
  return asked === shown ? [] : different;
}

/** Of values that nobody knows, or only one side. What is unknown to this program may be a secret that the preview hides. */
function mayDiffer(
  asked: unknown,
  shown: unknown,
  input: string,
  { hides, mayBeUnknown }: Comparison,
): boolean {
  if (isSecret(asked) || isUnknown(asked)) return shown === SECRET || isUnknown(shown) || hides;
  return mayBeUnknown(input);
}

function isMissing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
