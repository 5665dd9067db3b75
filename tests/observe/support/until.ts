import { until as untilAnswer } from "../../support/until.ts";

/** Waits until the condition holds. Fails, with what was waited for, when it doesn't within the bound. */
export async function until(what: string, isTrue: () => boolean, boundMs = 30_000): Promise<void> {
  await untilAnswer(what, boundMs, isTrue);
}
