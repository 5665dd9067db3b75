import { connect } from "node:net";
import { performance } from "node:perf_hooks";
import type { QueryError } from "mysql2";
import type { Identity, Login } from "../../observe/observer.ts";
import type { Exchanged, SourceClient } from "../../observe/source-client.ts";
import { exchange, failureOf } from "../../observe/source-client.ts";
import type { MemberAnswer } from "./member.ts";
import { decodeGreeting, questionOf, readRows } from "./member.ts";

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
 * a millisecond, and that counts as an answer.
 */
export function createMemberClient(target: MemberTarget): SourceClient<MemberAnswer> {
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

  const askQueued = async (isLate: () => boolean): Promise<Outcome | undefined> => {
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
        const lost = dropped;
        dropped = undefined;
        return lost;
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
      const outcome = await Promise.race([askQueued(() => isLate), passed]);
      clearTimeout(deadline);
      return outcome ?? late;
    },
    stop: () => stopping.abort(),
  };
}

export type Outcome = Exchanged<MemberAnswer>;

/** A login that stands on one node's server. */
interface Session {
  /** One question at a time. Never rejects: the end of the session answers as well. */
  ask(): Promise<Outcome>;
  hasEnded(): boolean;
}

export interface SessionArgs {
  /** The node's name, which its certificate must carry. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** PEM of the authority. */
  readonly ca: string;
  readonly login: Login;
  /** Ends whatever there is of the session. */
  readonly signal: AbortSignal;
  /** A session that stood has ended. */
  readonly onEnded: (outcome: Outcome) => void;
}

/** For a login, and for an answer. Then the session is given up for a new one: packets were lost, or the node was. */
const LIMIT_MS = 2000;
const LATE: Outcome = { kind: "silent", why: `gives no answer in ${LIMIT_MS} ms` };

/** Logs in. Never rejects. */
async function openSession(args: SessionArgs): Promise<Session | Outcome> {
  const { name, address, port, ca, login, signal, onEnded } = args;
  const { openConnection } = await loadDriver();
  const end = performance.now() + LIMIT_MS;
  const socket = connect({ host: address, port, noDelay: true, signal });
  const greeted = await exchange(socket, GREETED, LIMIT_MS, () => socket.pause());
  if (greeted.kind !== "answer") return asAnswer(greeted);
  const greeting = greeted.answer;
  if (greeting.kind === "other") {
    socket.destroy();
    return answer(greeting);
  }

  const connection = openConnection({
    stream: socket,
    // Not where it connects: the name that the certificate must carry.
    host: name,
    ...login,
    ssl: { ca, verifyIdentity: true, minVersion: "TLSv1.2" },
    connectTimeout: Math.max(1, end - performance.now()),
    disableEval: true,
  });
  socket.unshift(greeting.bytes);
  socket.resume();
  let settle = (_: Outcome): void => {};
  let stood = false;
  let ended: Outcome | undefined;
  const lose = (outcome: Outcome): void => {
    if (ended) return;
    ended = outcome;
    // The driver would only end its side, and forget whoever waits for an answer.
    socket.destroy();
    settle(outcome);
    if (stood) onEnded(outcome);
  };
  connection.on("error", (error) => lose(outcomeOf(error)));
  connection.on("end", () => lose(asAnswer(CLOSED)));
  const refused = await new Promise<Outcome | undefined>((resolve) => {
    settle = resolve;
    connection.connect((error) => (error ? lose(outcomeOf(error)) : resolve(undefined)));
  });
  if (refused) return refused;
  stood = true;
  return {
    hasEnded: () => ended !== undefined,
    ask: () =>
      new Promise((resolve) => {
        if (ended) return resolve(ended);
        const limit = setTimeout(lose, LIMIT_MS, LATE);
        settle = (outcome) => {
          clearTimeout(limit);
          resolve(outcome);
        };
        connection.query(questionOf(login), (error: QueryError | null, rows: unknown) => {
          if (error?.fatal) lose(outcomeOf(error));
          else settle(error ? outcomeOf(error) : answer(readRows(rows)));
        });
      }),
  };
}

const GREETED = { request: "", decode: decodeGreeting };
const CLOSED = { kind: "closed", why: "closed the connection" } as const;

const answer = (memberAnswer: MemberAnswer): Outcome => ({ kind: "answer", answer: memberAnswer });

/** A close is an answer: it counts at once, not after misses. */
function asAnswer(failure: Exclude<Outcome, { kind: "answer" }>): Outcome {
  return failure.kind === "closed" ? answer(failure) : failure;
}

/** An error that the server itself sent carries a state of SQL; every other one is the connection's. */
function outcomeOf(error: Error): Outcome {
  const { sqlState, code } = error as Partial<QueryError>;
  if (sqlState) return answer({ kind: "unreadable", why: error.message });
  if (code === "ETIMEDOUT") return LATE;
  if (code === "PROTOCOL_CONNECTION_LOST") return asAnswer(CLOSED);
  return asAnswer(failureOf(error));
}

/** The driver is a bundle of its own, so that a portal of another engine has none of it in memory. */
function loadDriver(): Promise<typeof import("./driver.ts")> {
  const file = import.meta.url.endsWith(".ts") ? "./driver.ts" : "./mysql-driver.mjs";
  return import(new URL(file, import.meta.url).href);
}
