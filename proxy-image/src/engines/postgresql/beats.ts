import type { TLSSocket } from "node:tls";
import { connect } from "node:tls";

import type { Credentials } from "../../observe/observer.ts";

export interface BeatsArgs {
  /** The node's name, which its certificate must carry. */
  readonly name: string;
  readonly address: string;
  /** Of Patroni's REST interface. */
  readonly port: number;
  readonly credentials: Credentials;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
  /** What the node says with its beats is another thing than before, or it says nothing more: it is to be asked. */
  readonly onNews: () => void;
  /** It has missed a beat: as good as a question without an answer. */
  readonly onOverdue: (why: string) => void;
}

export interface Beats {
  /** True while nothing has changed since the node was asked last, by its own word of just now. */
  live(): boolean;
  /** True while a beat is late by more than so many milliseconds: a reason to ask otherwise, and no proof. */
  isLate(ms: number): boolean;
  /** When the last one was heard. */
  at(): number | undefined;
  /** Looks whether a beat is overdue. Call it often. */
  check(): void;
  refresh(credentials: Credentials): void;
  stop(): void;
}

/** A beat may be late by so much, or a busy machine would look frozen sooner than by questions. It says itself when the next one is due. */
const LATE_MS = 250;
const CONNECT_MS = 2000;
const SHORTEST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;
/** A node whose program has no beats is tried again after this time: it may have got another one. */
const WITHOUT_MS = 60_000;

/** The program of the node's image answers with one line after the other, for as long as the connection lasts. */
const REQUEST = "GET /beats\r\n\r\n";

/**
 * Listens to a node's signs of life: a line, again and again, the same for as long as all is as it was. A node that beats needs to be asked
 * less, and one that stops beating is found frozen as soon as by questions.
 */
export function listenToBeats({
  name,
  address,
  port,
  clock,
  onNews,
  onOverdue,
  ...args
}: BeatsArgs): Beats {
  let { credentials } = args;
  let socket: TLSSocket | undefined;
  let timer: NodeJS.Timeout | undefined;
  let session: Buffer | undefined;
  let wait = SHORTEST_WAIT_MS;
  let line = "";
  let at: number | undefined;
  let stopped = false;

  const later = (delayMs: number): void => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(open, delayMs);
  };

  const drop = (): void => {
    const old = socket;
    socket = undefined;
    at = undefined;
    line = "";
    old?.destroy();
  };

  const open = (): void => {
    if (stopped || credentials.kind === "unusable") return;
    const mine = connect({
      ...{ host: address, port, servername: name, secureContext: credentials.context },
      ...(session && { session }),
    });
    socket = mine;
    let rest = "";
    const limit = setTimeout(() => mine.destroy(), CONNECT_MS);
    mine.setNoDelay(true);
    mine.setEncoding("utf8");
    mine.on("error", () => {});
    mine.once("secureConnect", () => {
      clearTimeout(limit);
      session = mine.getSession();
      mine.write(REQUEST);
    });
    mine.on("data", (text: string) => {
      if (socket !== mine) return;
      // Patroni's own answer: it knows no such question.
      if (text.startsWith("{") && rest === "" && at === undefined) {
        drop();
        later(WITHOUT_MS);
        return;
      }
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      const last = lines.at(-1);
      if (last === undefined) return;
      wait = SHORTEST_WAIT_MS;
      at = clock();
      if (lines.every((each) => each === line)) return;
      line = last;
      onNews();
    });
    mine.on("close", () => {
      clearTimeout(limit);
      if (socket !== mine) return;
      const lived = at !== undefined;
      drop();
      later(wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
      if (lived) onNews();
    });
  };

  const dueMs = (late: number): number => (Number.parseInt(line, 10) || 0) + late;
  const isLate = (ms: number): boolean => at !== undefined && clock() - at > dueMs(ms);
  const isOverdue = (): boolean => isLate(LATE_MS);

  open();
  return {
    at: () => at,
    isLate,
    live: () => at !== undefined && !isOverdue(),
    check() {
      if (!isOverdue()) return;
      // What has come while this process was held up is read first.
      setImmediate(() => {
        if (!isOverdue() || stopped) return;
        at = undefined;
        onOverdue(`gives no answer in ${dueMs(LATE_MS)} ms`);
      });
    },
    refresh(renewed) {
      credentials = renewed;
      session = undefined;
      drop();
      later(0);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      drop();
    },
  };
}
