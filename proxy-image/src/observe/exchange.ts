import type { Socket } from "node:net";

export type Exchanged<T> =
  | { readonly kind: "answer"; readonly answer: T }
  /** The other side refused or closed. */
  | { readonly kind: "closed"; readonly why: string }
  | { readonly kind: "silent"; readonly why: string };

export interface Question<T> {
  readonly request: Uint8Array | string;
  /** Reads the reply so far; undefined until it is enough. */
  decode(reply: Uint8Array): T | undefined;
  /** What to say next after the reply so far, if it is enough for that. `turn`: how much was said next before. */
  followUp?(reply: Uint8Array, turn: number): Uint8Array | undefined;
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
    let turn = 0;
    const settle = (result: Exchanged<T>): void => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      if (keep && result.kind === "answer") {
        socket.off("data", read);
        keep(socket);
      } else {
        socket.destroy();
      }
      resolve(result);
    };
    const closed = (why: string): void => settle({ kind: "closed", why });
    const read = (chunk: Buffer): void => {
      reply = Buffer.concat([reply, chunk]);
      const next = followUp?.(reply, turn);
      if (next !== undefined) {
        turn++;
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
    socket.on("error", (error) => settle(failureOf(error)));
    socket.on("close", () => closed("closed the connection before it answered"));
    socket.on("data", read);
    socket.write(request);
  });
}

/** A host that can't be reached is silent, not closed: nobody there has said anything. */
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
