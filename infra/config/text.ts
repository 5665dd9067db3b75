import { z } from "zod";

/**
 * Text, whose mistake is `rule`. Pulumi makes another value of text that YAML takes for something else (017 is 15, 17.10 is 17.1, ~ is
 * nothing, a date is a time): what comes as no text is refused with a word on quotes, since nobody can tell what was written.
 */
export function text(rule: string): z.ZodString {
  return z.string({
    error: ({ input }) =>
      input === undefined || (typeof input === "object" && input !== null)
        ? rule
        : `${rule}; it came as ${JSON.stringify(input)}, so ${QUOTES}`,
  });
}

/** By the CLI: what is written into a file by hand has quotes. */
export const QUOTES = "write it in quotes (config set: --type string)";
