// What a plan means for frontends and slots, in HAProxy's commands; and the slots that are to have no session.

import { backendOf, WAITING } from "../plan/names.ts";
import type { Command } from "../plan/plan.ts";
import type { SlotName } from "./end-sessions.ts";
import { isDue, isOnSlot, sessionsNow, sessionsToEnd } from "./end-sessions.ts";
import { sessionKey } from "./replies.ts";
import type { Cut, HaproxyEvent } from "./results.ts";
import type { Stop } from "./runtime-commands.ts";
import { resumeAccepting, setServerState, stopAccepting } from "./runtime-commands.ts";
import type { Send } from "./runtime-socket.ts";
import { sendChecked, withRuntimeSocket } from "./runtime-socket.ts";

export interface SlotCommands {
  /** What has to be in force before sessions are ended, so that none comes after. */
  readonly before: readonly string[];
  /** The slots whose sessions end then. */
  readonly cut: readonly SlotName[];
  /** What comes after that. */
  readonly after: readonly string[];
}

/**
 * The part of a plan that concerns frontends and slots, as HAProxy's commands, in the plan's order. Where an endpoint
 * changes nodes without having been held, it is held for these milliseconds: between the two it has no node to send a client to.
 */
export function slotCommands(
  commands: readonly Command[],
  stopsOf: (endpoint: string) => readonly Stop[],
): SlotCommands {
  const toRuntime = (command: Command) => runtimeCommands(command, stopsOf);
  const first = commands.findIndex(({ kind }) => kind === "shutdownSessions");
  const at = first === -1 ? commands.length : first;
  const named = (kind: Command["kind"]) =>
    new Set(
      commands.flatMap((command) =>
        command.kind === kind && "endpoint" in command && !isOfWaiting(command)
          ? [command.endpoint]
          : [],
      ),
    );
  const [opened, released] = [named("open"), named("release")];
  const changing = [...named("shutdownSessions")].filter(
    (endpoint) => opened.has(endpoint) && !released.has(endpoint),
  );
  return {
    before: [
      ...changing.flatMap((endpoint) => stopAccepting(endpoint, stopsOf(endpoint))),
      ...commands.slice(0, at).flatMap(toRuntime),
    ],
    cut: commands.flatMap((command) =>
      command.kind === "shutdownSessions"
        ? [{ endpoint: command.endpoint, node: command.node }]
        : [],
    ),
    after: [
      ...commands.slice(at).flatMap(toRuntime),
      ...changing.flatMap((endpoint) => resumeAccepting(endpoint, stopsOf(endpoint))),
    ],
  };
}

/** Where nobody is sent on to changes no node. */
const isOfWaiting = (command: Command): boolean => "node" in command && command.node === WAITING;

function runtimeCommands(
  command: Command,
  stopsOf: (endpoint: string) => readonly Stop[],
): readonly string[] {
  switch (command.kind) {
    case "hold":
      // Also here, so that the hold is in force before what follows, however slow its own connection is.
      return stopAccepting(command.endpoint, stopsOf(command.endpoint));
    case "release":
      return resumeAccepting(command.endpoint, stopsOf(command.endpoint));
    case "maint":
    case "drain":
      return [setServerState(backendOf(command.endpoint), command.node, command.kind)];
    case "open": {
      const { endpoint, node, through } = command;
      const ready = setServerState(backendOf(endpoint), node, "ready");
      return through === "ready"
        ? [ready]
        : [setServerState(backendOf(endpoint), node, "maint"), ready];
    }
    case "shutdownSessions":
    case "cutOldWorker":
    case "setWhitelist":
    case "configure":
    case "setCertificate":
    case "endSsh":
      return [];
  }
}

/** Sessions that were still connecting when their slot was cut are established, or gone, a moment later. */
const LATER_LOOKS_MS = [5, 50];
const DEADLINE_MS = 1_000;

/** Remembers which slots are to have no session, ends those that they have, and looks twice more whether one has. */
export function createCutSlots(adminSocket: string, onEvent: (event: HaproxyEvent) => void) {
  /** By slot: the sessions that were requested to end and were still there at the last look, and when that was requested. */
  const cut = new Map<string, ReadonlyMap<string, number>>();

  /** Returns how many of the sessions that were requested to end, now or before, have ended. `after`: sent in the same line. */
  const end = async (
    send: Send,
    slots: readonly SlotName[],
    after: readonly string[] = [],
  ): Promise<readonly Cut[]> => {
    const now = performance.now();
    const toEnd = await sessionsToEnd(send, slots);
    const requests = toEnd.map(({ slot, sessions, commands }) => {
      const before = cut.get(slotKey(slot)) ?? new Map<string, number>();
      // Not of a slot that was opened again in the meantime: its sessions are wanted.
      const due = cut.has(slotKey(slot))
        ? sessions.filter((session) => isDue(before, session, now))
        : [];
      const fresh = due.map((session) => [sessionKey(session), now] as const);
      return {
        slot,
        commands: due.length > 0 ? commands(due) : [],
        requested: new Map([...before, ...fresh]),
      };
    });
    await sendChecked(send, [...requests.flatMap(({ commands }) => commands), ...after]);
    if (requests.every(({ requested }) => requested.size === 0))
      return slots.map((slot) => ({ ...slot, sessions: 0 }));
    const left = await sessionsNow(send);
    return requests.map(({ slot, requested }) => {
      const there = new Set(left.filter(isOnSlot(slot)).map(sessionKey));
      const stay = new Map([...requested].filter(([session]) => there.has(session)));
      if (cut.has(slotKey(slot))) cut.set(slotKey(slot), stay);
      return { ...slot, sessions: requested.size - stay.size };
    });
  };

  const look = (slot: SlotName): Promise<void> =>
    withRuntimeSocket(adminSocket, { deadlineMs: DEADLINE_MS }, async (send) => {
      await sendChecked(send, ["prompt"]);
      for (const { sessions } of await end(send, [slot]))
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
