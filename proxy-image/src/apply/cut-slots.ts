import type { Command } from "../plan/command.ts";
import type { HaproxyEvent } from "./answers.ts";
import { converse } from "./conversation.ts";
import { sayQuietly } from "./say-quietly.ts";
import { endingsOf, type SlotName } from "./slot-sessions.ts";

/** Sessions that were still connecting when their slot was cut are established, or gone, a moment later. */
const LATER_LOOKS_MS = [5, 50];
const DEADLINE_MS = 1_000;

/** Remembers which slots are to have no session, and looks twice more whether one has. */
export function createCutSlots(adminSocket: string, onEvent: (event: HaproxyEvent) => void) {
  const cut = new Set<string>();
  const key = ({ endpoint, node }: SlotName): string => `${endpoint}/${node}`;

  const look = (slot: SlotName): Promise<void> =>
    converse(adminSocket, { deadlineMs: DEADLINE_MS }, async (say) => {
      await sayQuietly(say, ["prompt"]);
      const [ending] = await endingsOf(say, [slot]);
      // Opened again in the meantime: its sessions are wanted.
      if (ending === undefined || ending.sessions === 0 || !cut.has(key(slot))) return;
      await sayQuietly(say, ending.commands);
      onEvent({ kind: "leftover-cut", ...slot, sessions: ending.sessions });
    });

  return {
    note(command: Command): void {
      if (command.kind === "shutdownSessions") cut.add(key(command));
      else if (command.kind === "open") cut.delete(key(command));
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
