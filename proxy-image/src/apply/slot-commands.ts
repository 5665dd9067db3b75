import type { Command } from "../plan/command.ts";
import { backendOf, WAITING } from "../plan/names.ts";
import { goOnAccepting, type Stop, setServerState, stopAccepting } from "./runtime-commands.ts";
import type { SlotName } from "./slot-sessions.ts";

export interface Lines {
  /** What has to be in force before sessions are ended, so that none comes after. */
  readonly before: readonly string[];
  /** The slots whose sessions end then. */
  readonly cut: readonly SlotName[];
  /** What comes after that. */
  readonly after: readonly string[];
}

/**
 * The part of a plan that HAProxy is told about frontends and slots, in its words and in the plan's order. Where an endpoint
 * changes nodes without having been held, it is for these milliseconds: between the two it has no node to send a client to.
 */
export function slotLines(
  commands: readonly Command[],
  stopsOf: (endpoint: string) => readonly Stop[],
): Lines {
  const said = (command: Command) => inWords(command, stopsOf);
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
      ...commands.slice(0, at).flatMap(said),
    ],
    cut: commands.flatMap((command) =>
      command.kind === "shutdownSessions"
        ? [{ endpoint: command.endpoint, node: command.node }]
        : [],
    ),
    after: [
      ...commands.slice(at).flatMap(said),
      ...changing.flatMap((endpoint) => goOnAccepting(endpoint, stopsOf(endpoint))),
    ],
  };
}

/** Where nobody is sent on to changes no node. */
const isOfWaiting = (command: Command): boolean => "node" in command && command.node === WAITING;

function inWords(
  command: Command,
  stopsOf: (endpoint: string) => readonly Stop[],
): readonly string[] {
  switch (command.kind) {
    case "hold":
      // Also here, so that the hold is in force before what follows, however slow its own connection is.
      return stopAccepting(command.endpoint, stopsOf(command.endpoint));
    case "release":
      return goOnAccepting(command.endpoint, stopsOf(command.endpoint));
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
      return [];
  }
}
