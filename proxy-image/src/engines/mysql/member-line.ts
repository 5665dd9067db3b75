import type { Socket } from "node:net";
import { connect } from "node:net";
import type { Connection, QueryError } from "mysql2";

import type { Exchanged } from "../../observe/exchange.ts";
import { failureOf } from "../../observe/exchange.ts";
import type { Line } from "../../observe/line.ts";
import type { Identity } from "../../observe/observer.ts";
import { loadDriver } from "./load-driver.ts";
import type { Said } from "./member.ts";
import { QUESTION, readRows } from "./member.ts";

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

/** After this time a connection that doesn't come about is tried again: packets were lost, or the node was. */
const CONNECT_MS = 2000;

type Outcome = Exchanged<Said>;

/**
 * A session on one node's server, on which it is asked again and again. The session stands: the death of the server closes it within
 * a millisecond, and that is told as an answer.
 */
export function createMemberLine(target: MemberTarget): Line<Said> {
  const { name, onDropped } = target;
  let session: Connection | undefined;
  let dropped: string | undefined;
  // One question at a time. One that is late is waited for, and its answer is no answer to a later question.
  let busy: Promise<unknown> | undefined;
  let stopped = false;

  const lose = (lost: Connection, error: Error | undefined): void => {
    lost.destroy();
    if (session !== lost) return;
    session = undefined;
    if (stopped) return;
    dropped = error ? failureOf(error).why : "closed the connection";
    onDropped();
  };

  const open = async (): Promise<Outcome | Connection> => {
    const { ca, logins } = target.identity();
    const login = logins.mysql;
    if (!login) return answer({ kind: "unreadable", why: "the portal has no login for it" });
    const { openConnection } = await loadDriver();
    let socket: Socket | undefined;
    const opening = openConnection({
      stream: () => {
        socket = connect({ host: target.address, port: target.port, noDelay: true });
        return socket;
      },
      // Not where it connects: the name that the certificate must carry.
      host: name,
      ...login,
      ssl: { ca, verifyIdentity: true, minVersion: "TLSv1.2" },
      connectTimeout: CONNECT_MS,
      disableEval: true,
    });
    const failed = await new Promise<QueryError | undefined>((resolve) => {
      opening.on("error", resolve);
      opening.connect((error) => resolve(error ?? undefined));
    });
    if (failed || stopped) {
      opening.destroy();
      socket?.destroy();
      return outcomeOf(failed ?? new Error("the portal stops"));
    }
    session = opening;
    opening.on("error", (error) => lose(opening, error));
    opening.on("end", () => lose(opening, undefined));
    return opening;
  };

  const question = async (): Promise<Outcome> => {
    const on = session ?? (await open());
    if ("kind" in on) return on;
    return new Promise((resolve) => {
      on.query(QUESTION, (error: QueryError | null, rows: unknown) => {
        if (error?.fatal) lose(on, undefined);
        dropped = undefined;
        resolve(error ? outcomeOf(error) : answer(readRows(rows)));
      });
    });
  };

  const askInTurn = async (): Promise<Outcome> => {
    while (busy) await busy;
    const asking = question();
    busy = asking.finally(() => {
      busy = undefined;
    });
    return asking;
  };

  return {
    async ask(deadlineMs) {
      if (dropped !== undefined) {
        const why = dropped;
        dropped = undefined;
        return answer({ kind: "closed", why });
      }
      let deadline: NodeJS.Timeout | undefined;
      const late = new Promise<Outcome>((resolve) => {
        const why = `gives no answer in ${deadlineMs} ms`;
        deadline = setTimeout(resolve, deadlineMs, { kind: "silent", why });
      });
      const outcome = await Promise.race([askInTurn(), late]);
      clearTimeout(deadline);
      return outcome;
    },
    stop() {
      stopped = true;
      session?.destroy();
    },
  };
}

const answer = (said: Said): Outcome => ({ kind: "answer", answer: said });

/** An error that the server itself sent carries a state of SQL; every other one is the connection's. */
function outcomeOf(error: Error): Outcome {
  const { sqlState, code } = error as Partial<QueryError>;
  if (sqlState) return answer({ kind: "unreadable", why: error.message });
  if (code === "ETIMEDOUT") {
    return { kind: "silent", why: `takes no connection in ${CONNECT_MS} ms` };
  }
  const failure = failureOf(error);
  return failure.kind === "closed" ? answer({ kind: "closed", why: failure.why }) : failure;
}
