import type { Room } from "../plan/actual.ts";
import type { Line } from "./story.ts";

/** By name: what had no room left when it was last looked at. */
export type Full = ReadonlySet<string>;

/** What was full counts so until a tenth is free, so that coming and going clients don't fill the log. */
const FREE_AGAIN = 0.9;

/** Tells what has become full, and what has room again. Neither HAProxy nor the waiting client would say why it waits. */
export function tellFull(
  before: Full,
  rooms: readonly Room[],
): { readonly full: Full; readonly lines: readonly Line[] } {
  const full = rooms.filter(({ name, used, limit }) =>
    before.has(name) ? used > limit * FREE_AGAIN : used >= limit,
  );
  // An endpoint that is held has no room to be told of.
  const untold = [...before].filter((name) => !rooms.some((room) => room.name === name));
  const names = new Set([...untold, ...full.map(({ name }) => name)]);
  const lines = rooms.flatMap(({ name, used, limit }): readonly Line[] => {
    if (before.has(name) === names.has(name)) return [];
    const facts = { room: name, used, limit };
    if (!names.has(name)) return [{ level: "info", msg: `${name} has room again`, facts }];
    const msg = `${name} is full: ${used} of ${limit} connections; further clients wait, or are refused`;
    return [{ level: "error", msg, facts: { ...facts, alarm: true } }];
  });
  return { full: names, lines };
}
