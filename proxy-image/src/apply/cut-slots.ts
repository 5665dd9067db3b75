import type { Command } from "../plan/command.ts";
import type { Cut, HaproxyEvent } from "./answers.ts";
import { converse, type Say } from "./conversation.ts";
import { isDue } from "./end-sessions.ts";
import { sessionKey } from "./read-sessions.ts";
import { sayQuietly } from "./say-quietly.ts";
import { endingsOf, isOnSlot, type SlotName, sessionsNow } from "./slot-sessions.ts";

/** Sessions that were still connecting when their slot was cut are established, or gone, a moment later. */
const LATER_LOOKS_MS = [5, 50];
const DEADLINE_MS = 1_000;

/** Remembers which slots are to have no session, ends those that they have, and looks twice more whether one has. */
export function createCutSlots(adminSocket: string, onEvent: (event: HaproxyEvent) => void) {
  /** By slot: the sessions that were told to end and were still there at the last look, and when they were told. */
  const cut = new Map<string, ReadonlyMap<string, number>>();

  /** Gives how many sessions have ended of those that were told to, now or before. `after`: said in the same line. */
  const end = async (
    say: Say,
    slots: readonly SlotName[],
    after: readonly string[] = [],
  ): Promise<readonly Cut[]> => {
    const now = performance.now();
    const endings = await endingsOf(say, slots);
    const told = endings.map(({ slot, sessions, commands }) => {
      const before = cut.get(slotKey(slot)) ?? new Map<string, number>();
      // Not of a slot that was opened again in the meantime: its sessions are wanted.
      const due = cut.has(slotKey(slot))
        ? sessions.filter((session) => isDue(before, session, now))
        : [];
      const fresh = due.map((session) => [sessionKey(session), now] as const);
      return {
        slot,
        commands: due.length > 0 ? commands(due) : [],
        asked: new Map([...before, ...fresh]),
      };
    });
    await sayQuietly(say, [...told.flatMap(({ commands }) => commands), ...after]);
    if (told.every(({ asked }) => asked.size === 0))
      return slots.map((slot) => ({ ...slot, sessions: 0 }));
    const left = await sessionsNow(say);
    return told.map(({ slot, asked }) => {
      const there = new Set(left.filter(isOnSlot(slot)).map(sessionKey));
      const stay = new Map([...asked].filter(([session]) => there.has(session)));
      if (cut.has(slotKey(slot))) cut.set(slotKey(slot), stay);
      return { ...slot, sessions: asked.size - stay.size };
    });
  };

  const look = (slot: SlotName): Promise<void> =>
    converse(adminSocket, { deadlineMs: DEADLINE_MS }, async (say) => {
      await sayQuietly(say, ["prompt"]);
      for (const { sessions } of await end(say, [slot]))
        if (sessions > 0) onEvent({ kind: "leftover-cut", ...slot, sessions });
    });

  return {
    end,
    note(command: Command): void {
      if (command.kind === "open") cut.delete(slotKey(command));
      else if (command.kind === "shutdownSessions" && !cut.has(slotKey(command)))
        cut.set(slotKey(command), new Map());
    },
    lookLater(slots: readonly SlotName[]): void {
      for (const slot of slots) {
        for (const after of LATER_LOOKS_MS) {
          // Where HAProxy can't be asked, the next cycle can't either, and says why.
          setTimeout(() => void look(slot).catch(() => {}), after).unref();
        }
      }
    },
  };
}

const slotKey = ({ endpoint, node }: SlotName): string => `${endpoint}/${node}`;
