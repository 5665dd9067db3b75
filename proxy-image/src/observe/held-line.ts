import type { Socket } from "node:net";

import type { Exchanged } from "./exchange.ts";
import { failureOf } from "./exchange.ts";
import type { Line } from "./line.ts";

export interface HeldLineArgs<Said> {
  /** Opens a connection, which may still be on its way. */
  readonly open: () => Socket;
  readonly request: () => Uint8Array;
  /** Reads one reply from the beginning of what has come; undefined until it is whole. */
  readonly decode: (
    received: Buffer,
  ) => { readonly said: Said; readonly length: number } | undefined;
  /** Called when the node closes a connection on which it has answered: its process ended, or it wants nobody. */
  readonly onClosed: () => void;
}

const LONGEST_REPLY = 1024 * 1024;

/**
 * Asks over one connection that stays open, one question at a time. So the death of a process is seen in the moment in which its
 * connections close. A question without an answer in time ends the connection: what comes late must not be taken for the next answer.
 */
export function createHeldLine<Said>(args: HeldLineArgs<Said>): Line<Said> {
  const { open, request, decode, onClosed } = args;
  let socket: Socket | undefined;
  let answered = false;
  let received = Buffer.alloc(0);
  let settle: ((result: Exchanged<Said>) => void) | undefined;

  const drop = (result: Exchanged<Said>): void => {
    const wasAnswered = answered;
    socket?.destroy();
    socket = undefined;
    answered = false;
    const asked = settle;
    settle = undefined;
    if (asked) asked(result);
    else if (wasAnswered) onClosed();
  };

  const read = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    const reply = decode(received);
    if (reply === undefined) {
      if (received.length > LONGEST_REPLY)
        drop({ kind: "closed", why: `answers with over ${LONGEST_REPLY} bytes` });
      return;
    }
    received = received.subarray(reply.length);
    const asked = settle;
    settle = undefined;
    answered = true;
    asked?.({ kind: "answer", answer: reply.said });
  };

  const connected = (): Socket => {
    if (socket) return socket;
    const made = open();
    received = Buffer.alloc(0);
    made.setNoDelay(true);
    const isCurrent = () => socket === made;
    made.on("data", (chunk: Buffer) => isCurrent() && read(chunk));
    made.on("error", (error) => isCurrent() && drop(failureOf(error)));
    made.on("close", () => isCurrent() && drop({ kind: "closed", why: "closed the connection" }));
    socket = made;
    return made;
  };

  return {
    ask: (deadlineMs) =>
      new Promise((resolve) => {
        const deadline = setTimeout(
          () => drop({ kind: "silent", why: `gives no answer in ${deadlineMs} ms` }),
          deadlineMs,
        );
        settle = (result) => {
          clearTimeout(deadline);
          resolve(result);
        };
        connected().write(request());
      }),
    stop() {
      const open = socket;
      socket = undefined;
      open?.destroy();
    },
  };
}
