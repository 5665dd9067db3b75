import type { Gateway, Member } from "./gateway.ts";
import type { Login } from "./login.ts";
import { tokenOf } from "./login.ts";
import { rangeOf } from "./quorum-read.ts";
import { decodeWatch, takeLines } from "./watch-reply.ts";

export interface WatchArgs {
  readonly member: Member;
  readonly prefix: string;
  readonly gateway: () => Gateway;
  readonly login: Login;
  /** Called when keys of these names changed, and, without names, when changes may have been missed. */
  readonly onChanged: (names: readonly string[] | undefined) => void;
  readonly onLost: (why: string) => void;
}

const SHORTEST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;
const LONGEST_LINE = 1024 * 1024;

/**
 * Listens to one member's changes, and listens anew when the stream ends. What it says only hastens a question to the quorum:
 * a stream of a member that lost its quorum stays open and silent, so silence proves nothing.
 */
export function watchMember(args: WatchArgs): { stop(): void } {
  const { member, prefix, gateway, login, onChanged, onLost } = args;
  let stopped = false;
  let wait = SHORTEST_WAIT_MS;
  let timer: NodeJS.Timeout | undefined;
  let stream: { stop(): void } | undefined;

  const start = (): void => {
    // Logging in is the quorum reader's work.
    if (login.pass.kind === "none") {
      timer = setTimeout(start, SHORTEST_WAIT_MS);
      return;
    }
    let rest = "";
    let lost = false;
    const lose = (why: string): void => {
      if (lost || stopped) return;
      lost = true;
      stream?.stop();
      onLost(why);
      clearTimeout(timer);
      timer = setTimeout(start, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    };
    const read = (line: string): void => {
      if (lost || stopped) return;
      const reply = decodeWatch(line);
      if (reply.kind === "lost") {
        lose(reply.why);
        return;
      }
      wait = SHORTEST_WAIT_MS;
      onChanged(reply.kind === "events" ? reply.names : undefined);
    };
    const body = { create_request: rangeOf(prefix) };
    stream = gateway().stream(
      member,
      { path: "/v3/watch", body, token: tokenOf(login) },
      {
        onText(text) {
          const taken = takeLines(rest + text);
          rest = taken.rest;
          if (rest.length > LONGEST_LINE) lose("a line of the stream has no end");
          for (const line of taken.lines) read(line);
        },
        onEnd: lose,
      },
    );
  };

  start();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      stream?.stop();
    },
  };
}
