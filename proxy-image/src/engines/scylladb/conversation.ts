import type { Socket } from "node:net";

import type { Exchanged } from "../../observe/exchange.ts";
import { failureOf } from "../../observe/exchange.ts";
import { readFrame } from "./cql/frame.ts";
import type { Message } from "./cql/message.ts";
import { readMessage } from "./cql/message.ts";
import type { Request } from "./cql/request.ts";

/** One connection to a node, over which many questions are asked. */
export interface Conversation {
  /** Never rejects. */
  ask(request: Request, deadlineMs: number): Promise<Exchanged<Message>>;
  /** Why it has ended; undefined while it stands. */
  ended(): Ended | undefined;
  end(why: string): void;
}

export type Ended = Exclude<Exchanged<never>, { kind: "answer" }>;

export interface ConversationArgs {
  /** May still be on its way. */
  readonly socket: Socket;
  readonly onEvent: (event: Extract<Message, { kind: "event" }>) => void;
  /** Called once, however it ends. */
  readonly onEnded: (ended: Ended) => void;
}

/** The highest number of a stream; a server answers with the number that it was asked with. */
const LAST_STREAM = 0x7fff;
/** After so many answers in a row that didn't come, the connection may be one that only this side knows of. */
const GIVE_UP = 5;

export function converse({ socket, onEvent, onEnded }: ConversationArgs): Conversation {
  const waiting = new Map<number, (result: Exchanged<Message>) => void>();
  let received = Buffer.alloc(0);
  let stream = 0;
  let silences = 0;
  let ended: Ended | undefined;

  const finish = (how: Ended): void => {
    if (ended) return;
    ended = how;
    socket.destroy();
    for (const settle of waiting.values()) settle(how);
    waiting.clear();
    onEnded(how);
  };

  const hear = (message: Message, answers: number): void => {
    silences = 0;
    if (message.kind === "event") onEvent(message);
    else waiting.get(answers)?.({ kind: "answer", answer: message });
  };

  /** It did answer, and must be known for what it is. */
  const misunderstand = (why: string): void => {
    for (const settle of waiting.values())
      settle({ kind: "answer", answer: { kind: "unreadable", why } });
    finish({ kind: "closed", why: `its answer ${why}` });
  };

  socket.on("error", (error) => finish(failureOf(error)));
  socket.on("close", () => finish({ kind: "closed", why: "closed the connection" }));
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (!ended) {
      const read = readFrame(received);
      if (read.kind === "partial") return;
      if (read.kind === "other") return misunderstand(read.why);
      received = read.rest as typeof received;
      hear(readMessage(read.frame), read.frame.stream);
    }
  });

  return {
    ask(request, deadlineMs) {
      if (ended) return Promise.resolve(ended);
      stream = (stream % LAST_STREAM) + 1;
      const mine = stream;
      return new Promise((resolve) => {
        const settle = (result: Exchanged<Message>): void => {
          clearTimeout(deadline);
          waiting.delete(mine);
          resolve(result);
        };
        const deadline = setTimeout(() => {
          silences += 1;
          settle({ kind: "silent", why: `gives no answer in ${deadlineMs} ms` });
          if (silences >= GIVE_UP) finish({ kind: "silent", why: "has been silent for too long" });
        }, deadlineMs);
        waiting.set(mine, settle);
        socket.write(request(mine));
      });
    },
    ended: () => ended,
    end: (why) => finish({ kind: "closed", why }),
  };
}
