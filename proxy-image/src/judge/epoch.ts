import type { Epoch } from "./view.ts";

/** Below 0: `a` is older than `b`. 0: the same. Above 0: newer. */
export function compareEpochs(a: Epoch, b: Epoch): number {
  for (let place = 0; place < Math.max(a.length, b.length); place++) {
    const difference = (a[place] ?? 0) - (b[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
