// Ways to ask one source over TCP: once, on a new connection each time, or on one that stays open.

import type { Socket } from "node:net";
import { connect } from "node:net";
import { performance } from "node:perf_hooks";

/** Asks one source one question, again and again. */
export interface SourceClient<T> {
  /** Never rejects. */
  ask(deadlineMs: number): Promise<Exchanged<T>>;
  /** How many questions may be under way at once. Absent: one. */
  readonly setDepth?: (depth: number) => void;
  stop(): void;
}

export type Exchanged<T> =
  | { readonly kind: "answer"; readonly answer: T }
  /** The other side refused or closed. */
  | { readonly kind: "closed"; readonly why: string }
  | { readonly kind: "silent"; readonly why: string };

export interface Question<T> {
  readonly request: Uint8Array | string;
  /** Reads the reply so far; undefined until it is enough. */
  decode(reply: Uint8Array): T | undefined;
  /** What to send next after the reply so far, if it is enough for that. `round`: how often something was sent next before. */
  followUp?(reply: Uint8Array, round: number): Uint8Array | undefined;
}

const LONGEST_REPLY = 1024 * 1024;

/**
 * Asks one question over a connection, which may still be on its way, and ends it, unless `keep` takes it over with the
 * answer. Never rejects. The deadline is total: a peer that drips bytes doesn't outlive it.
 */
export function exchange<T>(
  socket: Socket,
  { request, decode, followUp }: Question<T>,
  deadlineMs: number,
  keep?: (socket: Socket) => void,
): Promise<Exchanged<T>> {
  return new Promise((resolve) => {
    let reply = Buffer.alloc(0);
    let settled = false;
    let round = 0;
    const settle = (result: Exchanged<T>): void => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      if (keep && result.kind === "answer") {
        socket.off("data", read).off("error", failed).off("close", ended);
        keep(socket);
      } else {
        socket.destroy();
      }
      resolve(result);
    };
    const closed = (why: string): void => settle({ kind: "closed", why });
    const read = (chunk: Buffer): void => {
      reply = Buffer.concat([reply, chunk]);
      const next = followUp?.(reply, round);
      if (next !== undefined) {
        round++;
        socket.write(next);
      }
      const answer = decode(reply);
      if (answer !== undefined) settle({ kind: "answer", answer });
      else if (reply.length > LONGEST_REPLY) closed(`answers with over ${LONGEST_REPLY} bytes`);
    };
    const deadline = setTimeout(
      () => settle({ kind: "silent", why: `gives no answer in ${deadlineMs} ms` }),
      deadlineMs,
    );
    const failed = (error: Error): void => settle(failureOf(error));
    const ended = (): void => closed("closed the connection before it answered");
    socket.on("error", failed).on("close", ended).on("data", read);
    socket.write(request);
  });
}

/** A host that can't be reached is silent, not closed: nobody there has answered. */
export function failureOf(error: Error): Exclude<Exchanged<never>, { kind: "answer" }> {
  const { code = "" } = error as NodeJS.ErrnoException;
  const known = FAILURES[code];
  if (known) return known;
  return { kind: "closed", why: `failed: ${error.message || code}` };
}

const FAILURES: Readonly<Record<string, Exclude<Exchanged<never>, { kind: "answer" }>>> = {
  ECONNREFUSED: { kind: "closed", why: "refuses connections" },
  ECONNRESET: { kind: "closed", why: "reset the connection" },
  EPIPE: { kind: "closed", why: "closed the connection" },
  EHOSTUNREACH: { kind: "silent", why: "can't be reached: no route to the host" },
  ENETUNREACH: { kind: "silent", why: "can't be reached: no route to the network" },
  ETIMEDOUT: { kind: "silent", why: "can't be reached: the connection timed out" },
};

export interface ReconnectingClientArgs<T> {
  readonly address: string;
  readonly port: number;
  /** Made for one connection. */
  readonly question: () => Question<T>;
  /** The source closed the connection on which it had answered last. */
  readonly onClosed: () => void;
}

/** A connection that the source ends sooner than this after its answer was never meant to stand: its end is no sign. */
const STOOD_MS = 50;

/**
 * Asks on a new connection each time, and keeps the last one that brought an answer until the next one does. So there is
 * always one that a dying process closes, within a millisecond, and none grows older than the time between two questions.
 */
export function createReconnectingClient<T>(args: ReconnectingClientArgs<T>): SourceClient<T> {
  const { address, port, question, onClosed } = args;
  let held: Socket | undefined;
  let stopped = false;

  const hold = (socket: Socket): void => {
    if (stopped) {
      socket.destroy();
      return;
    }
    socket.on("error", () => {});
    const since = performance.now();
    const before = held;
    held = socket;
    before?.destroy();
    socket.once("close", () => {
      if (held !== socket) return;
      held = undefined;
      if (!stopped && performance.now() - since >= STOOD_MS) onClosed();
    });
    // Reading, or else the source's end of the connection goes unnoticed.
    socket.resume();
  };

  return {
    ask: (deadlineMs) =>
      exchange(connect({ host: address, port, noDelay: true }), question(), deadlineMs, hold),
    stop() {
      stopped = true;
      held?.destroy();
    },
  };
}

export interface PersistentClientArgs<T> {
  /** Opens a connection, which may still be on its way. */
  readonly open: () => Socket;
  readonly request: () => Uint8Array;
  /** Reads one reply from the beginning of what has come; undefined until it is whole. */
  readonly decode: (
    received: Buffer,
  ) => { readonly answer: T; readonly length: number } | undefined;
  /** Called when the node closes a connection on which it has answered: its process ended, or it wants nobody. */
  readonly onClosed: () => void;
}

/**
 * Asks over one connection that stays open, one question at a time. So the death of a process is seen in the moment in which its
 * connections close. A question without an answer in time ends the connection: what comes late must not be taken for the next answer.
 */
export function createPersistentClient<T>(args: PersistentClientArgs<T>): SourceClient<T> {
  const { open, request, decode, onClosed } = args;
  let socket: Socket | undefined;
  let answered = false;
  let received = Buffer.alloc(0);
  let settle: ((result: Exchanged<T>) => void) | undefined;

  const drop = (result: Exchanged<T>): void => {
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
    asked?.({ kind: "answer", answer: reply.answer });
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
