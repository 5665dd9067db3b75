import { compareEpochs } from "../../judge/epoch.ts";
import type { Epoch } from "../../judge/view.ts";
import type { ViewId } from "./view-id.ts";
import { partsOf } from "./view-id.ts";

/** The last turn that was seen: who led, in which epoch. */
export interface Turn {
  readonly epoch: Epoch;
  readonly node: string;
}

/**
 * The turn in which `node` leads in `view`. A change that an operator asks for leaves the view as it is; so the last number of
 * the epoch counts the changes that were seen within one. An older view stays older: it is for others to refuse it.
 */
export function turnOf(before: Turn | undefined, view: ViewId, node: string): Turn {
  const parts = partsOf(view);
  if (!before || compareEpochs(parts, before.epoch.slice(0, parts.length)) !== 0) {
    return { epoch: [...parts, 0], node };
  }
  if (before.node === node) return before;
  return { epoch: [...parts, (before.epoch[parts.length] ?? 0) + 1], node };
}
