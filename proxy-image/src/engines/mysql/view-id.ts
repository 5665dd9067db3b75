/** Which view of which bootstrap of the group: two numbers of a view id, as numbers that JavaScript holds exactly. */
export interface ViewId {
  /** When the group was bootstrapped, in ten-millionths of a second, in two parts. Rises from bootstrap to bootstrap. */
  readonly bootstrap: readonly [number, number];
  /** Rises by one with each member that comes or goes. */
  readonly sequence: number;
}

/** Reads a view id such as `17641365012345678:7`. */
export function readViewId(text: string): ViewId | undefined {
  const [, high, low, sequence] = /^(\d{1,13})(\d{7}):(\d{1,15})$/.exec(text) ?? [];
  if (high === undefined || low === undefined || sequence === undefined) return undefined;
  return { bootstrap: [Number(high), Number(low)], sequence: Number(sequence) };
}

export const partsOf = ({ bootstrap, sequence }: ViewId): readonly [number, number, number] => [
  ...bootstrap,
  sequence,
];
