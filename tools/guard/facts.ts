import type { DocumentChange } from "./document.ts";
import { documentsIn } from "./document.ts";
import type { PlaceOf } from "./place.ts";
import { placesIn } from "./place.ts";
import type { Preview, Step } from "./preview.ts";

/** What every rule is judged on. */
export interface Facts {
  readonly preview: Preview;
  readonly placeOf: PlaceOf;
  readonly documents: readonly DocumentChange[];
  /** Steps that do something. */
  readonly changes: readonly Step[];
}

/** A sentence for each thing that is refused; none: fine. */
export type Rule = (facts: Facts) => readonly string[];

export function factsOf(preview: Preview): Facts {
  const placeOf = placesIn(preview);
  return {
    preview,
    placeOf,
    documents: documentsIn(preview, placeOf),
    changes: preview.steps.filter(({ op }) => op !== "same"),
  };
}
