import { connect } from "node:net";
import { performance } from "node:perf_hooks";
import type { QueryError } from "mysql2";

import type { Exchanged } from "../../observe/exchange.ts";
import { exchange, failureOf } from "../../observe/exchange.ts";
import type { Login } from "../../observe/observer.ts";
import { decodeGreeting } from "./greeting.ts";
import { loadDriver } from "./load-driver.ts";
import type { Said } from "./member.ts";
import { questionOf, readRows } from "./member.ts";

export type Outcome = Exchanged<Said>;

/** A login that stands on one node's server. */
export interface Session {
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
export async function openSession(args: SessionArgs): Promise<Session | Outcome> {
  const { name, address, port, ca, login, signal, onEnded } = args;
  const { openConnection } = await loadDriver();
  const end = performance.now() + LIMIT_MS;
  const socket = connect({ host: address, port, noDelay: true, signal });
  const greeted = await exchange(socket, GREETED, LIMIT_MS, () => socket.pause());
  if (greeted.kind !== "answer") return told(greeted);
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
  connection.on("end", () => lose(told(CLOSED)));
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

const answer = (said: Said): Outcome => ({ kind: "answer", answer: said });

/** A close is an answer: it counts at once, not after misses. */
function told(failure: Exclude<Outcome, { kind: "answer" }>): Outcome {
  return failure.kind === "closed" ? answer(failure) : failure;
}

/** An error that the server itself sent carries a state of SQL; every other one is the connection's. */
function outcomeOf(error: Error): Outcome {
  const { sqlState, code } = error as Partial<QueryError>;
  if (sqlState) return answer({ kind: "unreadable", why: error.message });
  if (code === "ETIMEDOUT") return LATE;
  if (code === "PROTOCOL_CONNECTION_LOST") return told(CLOSED);
  return told(failureOf(error));
}
