/** A value that HAProxy's command line would read as more than one word. */
export class UnsafeWord extends Error {
  override readonly name = "UnsafeWord";

  constructor(value: string) {
    super(`${JSON.stringify(value.slice(0, 80))} can't be said on HAProxy's command line`);
  }
}

/** Lets through what is one word there: no newline, `;`, space, quote, escape or payload mark. Throws UnsafeWord. */
export function word(value: string): string {
  if (!/^[A-Za-z0-9_.:/#@-]+$/.test(value)) throw new UnsafeWord(value);
  return value;
}
