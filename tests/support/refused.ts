/**
 * Which of `attempts` are not refused: they were carried out, or failed for another reason, which is told. A statement that is
 * wrong in itself is no refusal.
 */
export async function notRefused(
  attempts: readonly string[],
  attempt: (what: string) => Promise<unknown>,
  refusal: RegExp,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const what of attempts)
    await attempt(what).then(
      () => found.push(what),
      ({ message }: Error) => {
        if (!refusal.test(message)) found.push(`${what}: ${message}`);
      },
    );
  return found;
}

/** The lines of a text, each a statement of its own. */
export const linesOf = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
