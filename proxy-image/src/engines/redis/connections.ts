// Connections to servers and Sentinels: one that asks, and one that listens.

import type { Socket } from "node:net";
import { connect } from "node:net";

import type { Exchanged, SourceClient } from "../../observe/source-client.ts";
import { failureOf } from "../../observe/source-client.ts";
import type { Reply } from "./replies.ts";
import { decodeReplies, decodeReply, encodeCommand, LOGIN } from "./replies.ts";

export interface RespClientArgs<T> {
  readonly address: string;
  readonly port: number;
  /** Commands that are sent together, each answered by one reply. */
  readonly question: readonly (readonly string[])[];
  readonly read: (replies: readonly Reply[]) => T;
  /** The other side closed a connection on which nothing was asked: a process that ends does, within a millisecond. */
  readonly onClosed: () => void;
}

type Settle<T> = (result: Exchanged<T>) => void;
type Failure = Exclude<Exchanged<never>, { kind: "answer" }>;

/** Asks over one connection that stays open, so that its end is a sign. Questions that are under way together share it. */
export function createRespClient<T>(args: RespClientArgs<T>): SourceClient<T> {
  const { address, port, question, read, onClosed } = args;
  const request = question.map(encodeCommand).join("");
  let open: { readonly socket: Socket; readonly waiting: Settle<T>[] } | undefined;
  /** A close that was not reported yet. */
  let unreported: Failure | undefined;
  let stopped = false;

  const dial = () => {
    const socket = connect({ host: address, port, noDelay: true });
    const waiting: Settle<T>[] = [];
    let reply: Buffer = Buffer.alloc(0);
    let failure: Failure = { kind: "closed", why: "closed the connection" };
    const lose = (why: Failure): void => {
      if (open?.socket !== socket) return;
      open = undefined;
      socket.destroy();
      for (const settle of waiting.splice(0)) settle(why);
    };
    socket.on("error", (error) => {
      failure = failureOf(error);
    });
    socket.on("end", () => socket.destroy());
    socket.on("close", () => {
      const mine = open?.socket === socket;
      const idle = waiting.length === 0;
      lose(failure);
      if (!mine || !idle || stopped) return;
      unreported = failure;
      onClosed();
    });
    socket.on("data", (chunk) => {
      reply = Buffer.concat([reply, chunk]);
      for (;;) {
        const decoded = decodeReplies(reply, question.length);
        if (decoded.kind === "broken") return lose({ kind: "closed", why: decoded.why });
        if (decoded.kind === "more" || waiting.length === 0) return;
        reply = reply.subarray(decoded.end);
        waiting.shift()?.({ kind: "answer", answer: read(decoded.replies) });
      }
    });
    return { socket, waiting, lose };
  };

  return {
    ask(deadlineMs) {
      if (unreported) {
        const failure = unreported;
        unreported = undefined;
        return Promise.resolve(failure);
      }
      return new Promise((resolve) => {
        open ??= dial();
        const { socket } = open;
        const settle: Settle<T> = (result) => {
          clearTimeout(deadline);
          resolve(result);
        };
        const deadline = setTimeout(() => {
          // Whatever comes on it now is late, and a connection that is on its way may be lost.
          const late: Failure = { kind: "silent", why: `gives no answer in ${deadlineMs} ms` };
          if (open?.socket === socket) {
            const { waiting } = open;
            open = undefined;
            socket.destroy();
            for (const each of waiting) each(late);
          } else settle(late);
        }, deadlineMs);
        open.waiting.push(settle);
        socket.write(request);
      });
    },
    stop() {
      stopped = true;
      open?.socket.destroy();
    },
  };
}

export interface SubscriptionArgs {
  readonly address: string;
  readonly port: number;
  /** The name by which the Sentinel watches the cluster's leader. */
  readonly master: string;
  /** It published something of this cluster. What exactly is asked, not believed. */
  readonly onMessage: () => void;
}

/** All that a node's image lets a portal listen to. */
const CHANNELS = [
  "+switch-master",
  "+config-update-from",
  "+sdown",
  "-sdown",
  "+odown",
  "-odown",
  "+try-failover",
  "+elected-leader",
  "+promoted-slave",
  "+failover-end",
  "-failover-abort-no-good-slave",
  "-failover-abort-not-elected",
  "-failover-abort-slave-timeout",
];

const PING_MS = 2000;
const SILENCE_MS = 5000;
const SHORTEST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

/** Listens to what a Sentinel publishes, and listens anew when the connection ends. Silence proves nothing: it only hastens. */
export function subscribe({ address, port, master, onMessage }: SubscriptionArgs): {
  stop(): void;
} {
  let socket: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  let wait = SHORTEST_WAIT_MS;
  let stopped = false;

  const listen = (): void => {
    const mine = connect({ host: address, port, noDelay: true });
    socket = mine;
    let rest: Buffer = Buffer.alloc(0);
    const ping = setInterval(() => mine.write(encodeCommand(["PING"])), PING_MS);
    mine.setTimeout(SILENCE_MS, () => mine.destroy());
    mine.on("error", () => {});
    mine.on("end", () => mine.destroy());
    mine.on("close", () => {
      clearInterval(ping);
      if (stopped) return;
      timer = setTimeout(listen, wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    });
    mine.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const decoded = decodeReply(rest);
        if (decoded.kind === "broken") mine.destroy();
        if (decoded.kind !== "reply") return;
        rest = rest.subarray(decoded.end);
        wait = SHORTEST_WAIT_MS;
        if (isMessageOf(decoded.reply, master)) onMessage();
      }
    });
    mine.write([LOGIN, ["SUBSCRIBE", ...CHANNELS]].map(encodeCommand).join(""));
  };

  listen();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      socket?.destroy();
    },
  };
}

/** `message`, the channel, and a text with the leader's name as one of its parts. */
export function isMessageOf(reply: Reply, master: string): boolean {
  if (reply.kind !== "list") return false;
  const [kind, , text] = reply.items;
  return (
    kind?.kind === "text" &&
    kind.text === "message" &&
    text?.kind === "text" &&
    text.text.split(" ").includes(master)
  );
}
