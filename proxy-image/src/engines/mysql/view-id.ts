import { z } from "zod";

import { readJson } from "../../observe/json.ts";

/** Which view of which bootstrap of the group: two numbers of a view id, as numbers that JavaScript holds exactly. */
export interface ViewId {
  /**
   * When the group was bootstrapped, in two parts: seconds, and ten-millionths of one. Rises from bootstrap to bootstrap, since a
   * primary whose clock was behind notes a number of its own in place of the seconds.
   */
  readonly bootstrap: readonly [number, number];
  /** Rises by one with each member that comes or goes. */
  readonly sequence: number;
}

const Noted = z.object({ bootstrap: z.string(), number: z.int().nonnegative() });

/** Reads a view id such as `17641365012345678:7`, with what is noted of its bootstrap. */
export function readViewId(text: string, noted?: unknown): ViewId | undefined {
  const [, high, low, sequence] = /^(\d{1,13})(\d{7}):(\d{1,15})$/.exec(text) ?? [];
  if (high === undefined || low === undefined || sequence === undefined) return undefined;
  const note = readJson(Noted, typeof noted === "string" ? noted : "");
  const isOfThis = note.kind === "read" && note.value.bootstrap === `${high}${low}`;
  const first = isOfThis ? note.value.number : Number(high);
  return { bootstrap: [first, Number(low)], sequence: Number(sequence) };
}

export const partsOf = ({ bootstrap, sequence }: ViewId): readonly [number, number, number] => [
  ...bootstrap,
  sequence,
];
