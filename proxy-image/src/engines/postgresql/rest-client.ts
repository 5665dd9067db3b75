import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { connect } from "node:tls";
import type { Credentials } from "../../observe/observer.ts";
import type { Exchanged, SourceClient } from "../../observe/source-client.ts";
import { exchange, failureOf } from "../../observe/source-client.ts";
import type { StatusReply } from "./patroni-replies.ts";
import { decodeStatus, STATUS_REQUEST } from "./patroni-replies.ts";

/**
 * A way to ask one node's Patroni, over connections that stay open: a question costs one round trip. One that ends connections with its
 * answers, as Patroni does without the node image's program, is asked over one that was made in advance.
 */
export interface RestClient extends SourceClient<StatusReply> {
  /** How many connections wait for a question. */
  setDepth(depth: number): void;
  /** Connections made before are dropped, but for those that wait for their answer. */
  refresh(credentials: Credentials): void;
}

export interface RestTarget {
  /** The node's name, which its certificate must carry. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly credentials: Credentials;
  /** Called when a connection that waited is closed by the node: Patroni has ended, or dropped it. */
  readonly onDropped: () => void;
}

type Opened =
  | { readonly kind: "open"; readonly socket: TLSSocket }
  | Exclude<Exchanged<never>, { kind: "answer" }>;

/** After this time a handshake that doesn't end is tried again: packets were lost, or the node was. */
const HANDSHAKE_MS = 2000;

/** A connection that still stands so long after its first answer is meant to. */
const STOOD_MS = 200;

const QUESTION = { request: STATUS_REQUEST, decode: decodeStatus };

export function createRestClient({
  name,
  address,
  port,
  onDropped,
  ...target
}: RestTarget): RestClient {
  let { credentials } = target;
  let session: Buffer | undefined;
  let depth = 1;
  /** Whether Patroni leaves a connection open after its answer; undefined: not known yet, or not any more. */
  let keeps: boolean | undefined;
  let busy = 0;
  const ready = new Set<TLSSocket>();
  const opening = new Set<TLSSocket>();
  const waiters: ((opened: Opened) => void)[] = [];

  const open = (): void => {
    if (credentials.kind === "unusable") return;
    const socket = connect({
      host: address,
      port,
      servername: name,
      secureContext: credentials.context,
      // Spares both sides half of the handshake's work.
      ...(session && { session }),
    });
    socket.setNoDelay(true);
    opening.add(socket);
    const fail = (why: Opened): void => {
      clearTimeout(limit);
      socket.destroy();
      if (opening.delete(socket)) {
        keeps = undefined;
        waiters.shift()?.(why);
      }
      if (ready.delete(socket)) onDropped();
    };
    const limit = setTimeout(
      () => fail({ kind: "silent", why: "doesn't end the TLS handshake" }),
      HANDSHAKE_MS,
    );
    socket.on("error", (error) => fail(failureOf(error)));
    socket.on("close", () => fail({ kind: "closed", why: "closed the connection" }));
    socket.once("secureConnect", () => {
      clearTimeout(limit);
      session = socket.getSession();
      opening.delete(socket);
      // Reading, or else the node's end of the connection goes unnoticed.
      socket.resume();
      const waiter = waiters.shift();
      if (waiter) waiter({ kind: "open", socket });
      else ready.add(socket);
    });
  };

  const fill = (wanted: number): void => {
    while (ready.size + opening.size < wanted) open();
  };

  const keep = (socket: TLSSocket, asked: Credentials): void => {
    if (asked !== credentials || ready.size >= depth || socket.destroyed) {
      socket.destroy();
      return;
    }
    // Reading, or else its end goes unnoticed.
    socket.resume();
    const waiter = waiters.shift();
    if (waiter) waiter({ kind: "open", socket });
    else ready.add(socket);
  };

  /** Of a connection that has answered for the first time. */
  const tryToKeep = (socket: TLSSocket, asked: Credentials): void => {
    const ended = (): void => {
      clearTimeout(standing);
      keeps = false;
    };
    const standing = setTimeout(() => {
      socket.off("close", ended);
      keeps = true;
      keep(socket, asked);
    }, STOOD_MS);
    socket.once("close", ended);
    socket.resume();
  };

  const nextOpen = (deadlineMs: number): Promise<Opened> =>
    new Promise((resolve) => {
      const settle = (opened: Opened): void => {
        clearTimeout(deadline);
        resolve(opened);
      };
      // The connection stays on its way: a frozen node takes it up in the moment when it thaws.
      const deadline = setTimeout(() => {
        waiters.splice(waiters.indexOf(settle), 1);
        settle({ kind: "silent", why: `makes no TLS handshake in ${deadlineMs} ms` });
      }, deadlineMs);
      waiters.push(settle);
      while (opening.size < waiters.length) open();
    });

  const takeReady = (): Opened | undefined => {
    const [socket] = ready;
    if (!socket) return undefined;
    ready.delete(socket);
    return { kind: "open", socket };
  };

  const dropWaiting = (): void => {
    const sockets = [...ready, ...opening];
    ready.clear();
    opening.clear();
    for (const socket of sockets) socket.destroy();
  };

  return {
    async ask(deadlineMs) {
      if (credentials.kind === "unusable") return { kind: "closed", why: credentials.why };
      const started = performance.now();
      const opened = takeReady() ?? (await nextOpen(deadlineMs));
      if (opened.kind !== "open") return opened;
      const left = Math.max(1, Math.round(deadlineMs - (performance.now() - started)));
      const { socket } = opened;
      const asked = credentials;
      if (!keeps) {
        const tries =
          keeps === undefined && ((open: Socket) => tryToKeep(open as TLSSocket, asked));
        const answer = exchange(socket, QUESTION, left, tries || undefined);
        fill(depth);
        return await answer;
      }
      busy += 1;
      fill(depth - busy);
      const answer = await exchange(socket, QUESTION, left, () => keep(socket, asked));
      busy -= 1;
      if (answer.kind !== "answer") keeps = undefined;
      fill(depth - busy);
      return answer;
    },
    setDepth(wanted) {
      depth = wanted;
    },
    refresh(renewed) {
      credentials = renewed;
      session = undefined;
      dropWaiting();
    },
    stop() {
      depth = 0;
      dropWaiting();
    },
  };
}
