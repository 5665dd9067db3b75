import type { z } from "zod";

export type State = Readonly<Record<string, unknown>>;

/** One resource type of a stand-in: what it takes, what a change does to it, and the acts themselves. */
export interface Kind<Inputs = unknown> {
  /** Strict at every level: a property that the stand-in doesn't understand is refused by name. */
  readonly inputs: z.ZodType<Inputs>;
  /** Inputs whose change updates in place. A change of any other replaces. */
  readonly inPlace: readonly string[];
  /** Outputs that are known only once the resource exists. */
  readonly computed: readonly string[];
  /** True where an update makes the computed outputs anew. */
  readonly updateComputes?: boolean;
  /** Outputs that are secret even where no input is. */
  readonly secrets?: readonly string[];
  /** True where old and new can't be there at once, because they share a name or an address. */
  readonly deleteBeforeReplace?: boolean;
  /** Inputs as they are stored and compared: defaults, digests of files. */
  normalise?(inputs: State): Promise<State>;
  /** Outputs that ask for a replacement although no input changed. */
  expired?(state: State, now: Date): readonly string[];
  create(inputs: Inputs, cancelled: AbortSignal): Promise<{ id: string; outputs: State }>;
  /** Nothing: the resource is gone. */
  read(id: string, state: State): Promise<State | undefined>;
  update(id: string, inputs: Inputs, state: State): Promise<State>;
  remove(id: string, state: State): Promise<void>;
}
