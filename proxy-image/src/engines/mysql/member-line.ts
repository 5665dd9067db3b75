import type { Line } from "../../observe/line.ts";
import type { Identity } from "../../observe/observer.ts";
import type { Said } from "./member.ts";
import type { Outcome, Session } from "./session.ts";
import { openSession } from "./session.ts";

export interface MemberTarget {
  /** The node's name, which its certificate must carry. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Asked for each connection: it may have been renewed. */
  readonly identity: () => Identity;
  /** A connection that stood was closed by the node. */
  readonly onDropped: () => void;
}

/**
 * A session on one node's server, on which it is asked again and again. The session stands: the death of the server closes it within
 * a millisecond, and that is told as an answer.
 */
export function createMemberLine(target: MemberTarget): Line<Said> {
  const { name, address, port, identity, onDropped } = target;
  const stopping = new AbortController();
  const { signal } = stopping;
  let session: Session | undefined;
  let dropped: Outcome | undefined;
  // One question at a time. One that is late is waited for, and its answer is no answer to a later question.
  let busy: Promise<unknown> | undefined;

  const onEnded = (outcome: Outcome): void => {
    if (signal.aborted) return;
    dropped = outcome;
    onDropped();
  };

  const open = async (): Promise<Session | Outcome> => {
    const { ca, logins } = identity();
    const login = logins.mysql;
    if (login) return openSession({ name, address, port, ca, login, signal, onEnded });
    const why = "the portal has no login for it";
    return { kind: "answer", answer: { kind: "unreadable", why } };
  };

  const question = async (): Promise<Outcome> => {
    if (!session || session.hasEnded()) {
      const opened = await open();
      if ("kind" in opened) return opened;
      session = opened;
    }
    const outcome = await session.ask();
    dropped = undefined;
    return outcome;
  };

  const askInTurn = async (isLate: () => boolean): Promise<Outcome | undefined> => {
    while (busy) await busy;
    if (isLate()) return undefined;
    const asking = question();
    busy = asking.finally(() => {
      busy = undefined;
    });
    return asking;
  };

  return {
    async ask(deadlineMs) {
      if (dropped) {
        const told = dropped;
        dropped = undefined;
        return told;
      }
      const late: Outcome = { kind: "silent", why: `gives no answer in ${deadlineMs} ms` };
      let deadline: NodeJS.Timeout | undefined;
      let isLate = false;
      const passed = new Promise<void>((resolve) => {
        deadline = setTimeout(() => {
          isLate = true;
          resolve();
        }, deadlineMs);
      });
      const outcome = await Promise.race([askInTurn(() => isLate), passed]);
      clearTimeout(deadline);
      return outcome ?? late;
    },
    stop: () => stopping.abort(),
  };
}
