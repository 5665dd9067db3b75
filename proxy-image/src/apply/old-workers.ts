import type { OldWorker } from "../model/haproxy.ts";
import type { Command } from "../plan/plan.ts";
import { endSessions, isOpenOnSlot } from "./end-sessions.ts";
import { readOldSlots } from "./read-actual.ts";
import { readWorkers } from "./replies.ts";
import { toWorker } from "./runtime-commands.ts";
import { withRuntimeSocket } from "./runtime-socket.ts";

const DEADLINE_MS = 1_000;
/** A reload by somebody else leaves old workers, too. */
const LOOK_EVERY_MS = 5_000;

/** Keeps an eye on the workers from before a reload, for as long as there are any. */
export function createOldWorkers(masterSocket: string) {
  let known: readonly OldWorker[] = [];
  let looked = Number.NEGATIVE_INFINITY;
  return {
    known: (): readonly OldWorker[] => known,
    async refresh(now: boolean): Promise<void> {
      const due = performance.now() - looked > LOOK_EVERY_MS;
      if (!now && !due && known.length === 0) return;
      looked = performance.now();
      // Where the master doesn't answer, what was last known stands: it must not stop a switch.
      known = (await findOldWorkers(masterSocket)) ?? known;
    },
    /**
     * Ends a slot's sessions in an old worker, one by one: it refuses `shutdown sessions server`. Gives their number, and
     * rejects when the master can't be asked.
     */
    async cut({
      pid,
      endpoint,
      node,
    }: Extract<Command, { kind: "cutOldWorker" }>): Promise<number> {
      const ended = await endSessions({
        socket: masterSocket,
        chosen: isOpenOnSlot({ endpoint, node }),
        oldWorker: pid,
      });
      return ended.length;
    },
  };
}

/** Workers from before a reload, with the sessions they still carry. Undefined when the master doesn't answer. */
function findOldWorkers(masterSocket: string): Promise<readonly OldWorker[] | undefined> {
  return withRuntimeSocket(masterSocket, { deadlineMs: DEADLINE_MS }, async (send) => {
    const shown = await send(["show proc"]);
    const workers = shown.kind === "reply" ? readWorkers(shown.blocks[0] ?? "") : undefined;
    if (workers === undefined) return undefined;
    const found: OldWorker[] = [];
    for (const { pid } of workers.filter(({ old }) => old)) {
      const stat = await send([toWorker(pid, "show stat -1 4 -1")]);
      if (stat.kind === "failed") return undefined;
      // A worker that ended in between answers that there is none: it has no sessions.
      found.push({ pid, slots: readOldSlots(stat.blocks[0] ?? "") ?? [] });
    }
    return found;
  });
}
