// Signs of life of PostgreSQL itself: a connection that is held, and a probe of its port while there is doubt.

import type { Socket } from "node:net";
import { connect } from "node:net";

import type { Exchanged } from "../../observe/source-client.ts";
import { exchange, failureOf } from "../../observe/source-client.ts";

export interface PortWatchArgs extends Address {
  /** True while there is a reason to ask. */
  readonly isSuspect: () => boolean;
  /** False while PostgreSQL may be shutting down: then no connection is to be held open. */
  readonly mayHold: () => boolean;
  /** The node closed the connection that was held open. */
  readonly onClosed: (why: string) => void;
  readonly onProbed: (kind: ProbeResult["kind"], why: string) => void;
}

export interface ProbeResult {
  readonly kind: "open" | "closed" | "silent";
  readonly why: string;
}

export interface PortWatch {
  /** Looks whether there is a reason to ask, and asks. */
  check(): void;
  stop(): void;
}

const DEADLINE_MS = 200;
const EVERY_MS = 250;
/** After this many probes in a row, it is asked more rarely. */
const SOON = 20;
const LATER_MS = 1000;
const MISSES = 2;

/** Notices at once when PostgreSQL dies, and asks its port only while there is doubt. */
export function watchPort(args: PortWatchArgs): PortWatch {
  const { isSuspect, onClosed, onProbed } = args;
  let stopped = false;
  let busy = false;
  let misses = 0;
  let probes = 0;
  let timer: NodeJS.Timeout | undefined;

  const probe = async (): Promise<void> => {
    const probed = await probePort(args, DEADLINE_MS);
    if (stopped) return;
    probes += 1;
    misses = probed.kind === "silent" ? misses + 1 : 0;
    const { kind, why } = resultOf(probed);
    if (kind !== "silent" || misses >= MISSES) onProbed(kind, why);
    const rest = misses === 1 ? 0 : probes < SOON ? EVERY_MS : LATER_MS;
    timer = setTimeout(() => {
      busy = false;
      check();
    }, rest);
  };

  const check = (): void => {
    if (stopped || busy) return;
    if (!isSuspect()) {
      probes = 0;
      misses = 0;
      return;
    }
    busy = true;
    void probe();
  };

  const held = holdConnection({
    ...args,
    onClosed(why) {
      onClosed(why);
      check();
    },
  });
  return {
    check,
    stop() {
      stopped = true;
      clearTimeout(timer);
      held.stop();
    },
  };
}

function resultOf(probed: Exchanged<Negotiated>): ProbeResult {
  if (probed.kind !== "answer") return { kind: probed.kind, why: `PostgreSQL ${probed.why}` };
  const { answer } = probed;
  if (answer.kind === "other") return { kind: "closed", why: answer.why };
  return { kind: "open", why: "PostgreSQL answers" };
}

export interface HeldConnection {
  stop(): void;
}

export interface HeldConnectionArgs extends Address {
  /**
   * False while PostgreSQL may be shutting down: it waits for whoever comes then and sends nothing, up to its
   * `authentication_timeout`, before it ends.
   */
  readonly mayHold: () => boolean;
  /** Called when the node closes a connection that stood. */
  readonly onClosed: (why: string) => void;
  /** PostgreSQL closes a connection on which nobody logs in after `authentication_timeout`: 10 s in the image. */
  readonly renewMs?: number;
}

const RENEW_MS = 6_000;
const CONNECT_MS = 2000;
const RETRY_MS = 250;

/**
 * Keeps a connection to PostgreSQL on which nothing is ever sent. A process that dies, or begins to shut down, closes it
 * within a millisecond: no question is as quick. PostgreSQL logs nothing of such a connection.
 */
export function holdConnection(args: HeldConnectionArgs): HeldConnection {
  const { address, port, mayHold, onClosed, renewMs = RENEW_MS } = args;
  let held: Socket | undefined;
  let next: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const later = (delayMs: number): void => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(open, delayMs);
  };

  const lose = (socket: Socket, why: string): void => {
    socket.destroy();
    if (socket === next) {
      next = undefined;
      later(RETRY_MS);
    }
    if (socket === held) {
      held = undefined;
      if (!next) later(RETRY_MS);
      onClosed(why);
    }
  };

  const open = (): void => {
    if (!mayHold()) {
      later(RETRY_MS);
      return;
    }
    const socket = connect({ host: address, port });
    next = socket;
    const limit = setTimeout(lose, CONNECT_MS, socket, "PostgreSQL doesn't take the connection");
    socket.on("error", (error) => lose(socket, `PostgreSQL ${failureOf(error).why}`));
    socket.on("close", () => {
      clearTimeout(limit);
      lose(socket, "PostgreSQL closed the connection that was held open");
    });
    socket.once("connect", () => {
      clearTimeout(limit);
      // The old one goes only now: at no time is there none.
      const old = held;
      held = socket;
      next = undefined;
      old?.destroy();
      later(renewMs);
    });
    // Reading, or else the node's end of the connection goes unnoticed.
    socket.resume();
  };

  open();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      const sockets = [held, next];
      held = undefined;
      next = undefined;
      for (const socket of sockets) socket?.destroy();
    },
  };
}

interface Address {
  readonly address: string;
  readonly port: number;
}

/** Asks whether PostgreSQL answers on its port. The kernel of a frozen node still accepts, so only a byte counts. */
export function probePort(
  { address, port }: Address,
  deadlineMs: number,
): Promise<Exchanged<Negotiated>> {
  return exchange(connect({ host: address, port, noDelay: true }), QUESTION, deadlineMs);
}

type Negotiated = { readonly kind: "open" } | { readonly kind: "other"; readonly why: string };

/**
 * GSSENCRequest: the first message of a client that would like GSSAPI encryption. PostgreSQL answers it with one byte,
 * before any authentication, whatever state it is in; and when the client then leaves, it logs nothing. (After the like
 * SSLRequest it logs "could not accept SSL connection" for each.)
 */
const NEGOTIATION_REQUEST: Uint8Array = Buffer.from("0000000804d21630", "hex");

const QUESTION = { request: NEGOTIATION_REQUEST, decode: decodeNegotiation };

/** Reads the answer so far; undefined until there is one. `E`: an error, which only a living server sends. */
export function decodeNegotiation(reply: Uint8Array): Negotiated | undefined {
  const [first] = reply;
  if (first === undefined) return undefined;
  if (ANSWERS.has(first)) return { kind: "open" };
  return { kind: "other", why: "something answers that is not PostgreSQL" };
}

const ANSWERS: ReadonlySet<number> = new Set(Buffer.from("GNE"));
