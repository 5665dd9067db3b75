import { until as untilAnswered } from "../../../../tests/support/containers.ts";
import { nodeImage } from "../../../../tests/support/node-image.ts";

/** The node's image as it is in the working tree. */
export function buildImage(): Promise<string> {
  return nodeImage("postgresql");
}

/** Asks until there is an answer; fails after `seconds` with the last reason why there was none. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<{ readonly is: T } | { readonly not: string }>,
): Promise<T> {
  const { is } = await untilAnswered(what, seconds, async () => {
    const answer = await ask();
    if ("not" in answer) throw new Error(answer.not);
    return answer;
  });
  return is;
}
