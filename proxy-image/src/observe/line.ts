import type { Exchanged } from "./exchange.ts";

/** A way to ask one source one question, again and again. */
export interface Line<Said> {
  /** Never rejects. */
  ask(deadlineMs: number): Promise<Exchanged<Said>>;
  /** How many questions may be under way at once. Absent: one. */
  readonly setDepth?: (depth: number) => void;
  stop(): void;
}
