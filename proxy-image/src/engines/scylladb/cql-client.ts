// Asks one node over one connection: the question, the login before it, and the connection that carries both.

import type { Socket } from "node:net";
import { connect } from "node:net";
import type { Login } from "../../observe/observer.ts";
import type { Exchanged, SourceClient } from "../../observe/source-client.ts";
import { failureOf } from "../../observe/source-client.ts";
import type { Message, Request } from "./cql.ts";
import {
  authResponse,
  clusterName,
  options,
  readFrame,
  readMessage,
  register,
  startup,
} from "./cql.ts";

/** What one node answers about itself. */
export type NodeAnswer =
  | { readonly kind: "serves"; readonly cluster: string }
  | { readonly kind: "other"; readonly why: string };

export interface CqlClientArgs {
  readonly address: string;
  readonly port: number;
  readonly login: () => Login | undefined;
  /** This node reports that another one changed: its address. */
  readonly onEvent: (address: string) => void;
  /** A connection that stood has ended: the quickest sign of a process's death. */
  readonly onLost: () => void;
}

/** A login costs the node a tenth of a second of its processor: it is slow on purpose. */
const LOGIN_MS = 2000;
/** After a refusal nobody is let in sooner for asking again. */
const RETRY_MS = 2000;

/** Asks one node, over one connection that is held, whether it answers. */
export function createCqlClient({
  address,
  port,
  login,
  onEvent,
  onLost,
}: CqlClientArgs): SourceClient<NodeAnswer> {
  let held: Held | undefined;
  let refusal: NodeJS.Timeout | undefined;
  let stopped = false;

  const open = (): Held => {
    let loggedIn = false;
    const connection = openConnection({
      socket: connect({ host: address, port, noDelay: true, keepAlive: true }),
      onEvent: (event) => onEvent(event.address),
      onEnded() {
        if (loggedIn && !stopped) onLost();
      },
    });
    const entry = logIn(connection, login(), LOGIN_MS).then((result) => {
      loggedIn = result.kind === "answer" && result.answer.kind === "in";
      if (!loggedIn) connection.end("the portal was not let in");
      return result;
    });
    return { connection, entry };
  };

  const current = (): Held => {
    const over = held?.connection.ended() !== undefined && refusal === undefined;
    if (!held || over) held = open();
    return held;
  };

  return {
    async ask(deadlineMs) {
      const { connection, entry } = current();
      const result = await within(entry, deadlineMs);
      if (result.kind !== "answer") return result;
      const { answer } = result;
      if (answer.kind === "refused") {
        refusal ??= setTimeout(() => {
          refusal = undefined;
        }, RETRY_MS).unref();
        return { kind: "answer", answer: { kind: "other", why: answer.why } };
      }
      return answerOf(await connection.ask(options, deadlineMs), answer.cluster);
    },
    stop() {
      stopped = true;
      clearTimeout(refusal);
      held?.connection.end("the portal left");
    },
  };
}

interface Held {
  readonly connection: Connection;
  readonly entry: Promise<Exchanged<LoggedIn>>;
}

function answerOf(
  answered: Awaited<ReturnType<Connection["ask"]>>,
  cluster: string,
): Exchanged<NodeAnswer> {
  if (answered.kind !== "answer") return answered;
  const { answer } = answered;
  return {
    kind: "answer",
    answer:
      answer.kind === "supported"
        ? { kind: "serves", cluster }
        : { kind: "other", why: `doesn't say what it can do: ${sentenceOf(answer)}` },
  };
}

/** The login goes on behind a question that can't wait for it. */
function within<T>(entry: Promise<Exchanged<T>>, deadlineMs: number): Promise<Exchanged<T>> {
  let deadline: NodeJS.Timeout | undefined;
  const late = new Promise<Exchanged<T>>((resolve) => {
    const why = `has not let the portal in after ${deadlineMs} ms`;
    deadline = setTimeout(() => resolve({ kind: "silent", why }), deadlineMs);
  });
  return Promise.race([entry, late]).finally(() => clearTimeout(deadline));
}

type LoggedIn =
  /** `cluster`: the one that the node says it is of. It pushes events from now on. */
  | { readonly kind: "in"; readonly cluster: string }
  | { readonly kind: "refused"; readonly why: string };

/** Logs in on a new connection: only then does a node name its cluster and push events. Never rejects. */
async function logIn(
  connection: Connection,
  login: Login | undefined,
  deadlineMs: number,
): Promise<Exchanged<LoggedIn>> {
  const over = setTimeout(
    () => connection.end(`did not let the portal in within ${deadlineMs} ms`),
    deadlineMs,
  );
  try {
    const ask = (request: Parameters<Connection["ask"]>[0]) => connection.ask(request, deadlineMs);
    let reply = await ask(startup);
    if (reply.kind === "answer" && reply.answer.kind === "authenticate") {
      if (!login) return refused("asks for a login, and the portal has none");
      reply = await ask(authResponse(login.user, login.password));
    }
    if (!isAccepted(reply)) return refusedBy(reply, "doesn't let the portal in");
    const registered = await ask(register);
    if (!isAccepted(registered)) return refusedBy(registered, "pushes no events");
    const named = await ask(clusterName);
    const cluster =
      named.kind === "answer" && named.answer.kind === "rows"
        ? named.answer.rows[0]?.[0]
        : undefined;
    if (cluster === undefined) return refusedBy(named, "doesn't tell which cluster it is of");
    return { kind: "answer", answer: { kind: "in", cluster } };
  } finally {
    clearTimeout(over);
  }
}

function isAccepted(reply: Exchanged<Message>): boolean {
  return (
    reply.kind === "answer" &&
    (reply.answer.kind === "ready" || reply.answer.kind === "authenticated")
  );
}

function refusedBy(reply: Exchanged<Message>, what: string): Exchanged<LoggedIn> {
  return reply.kind === "answer" ? refused(`${what}: ${sentenceOf(reply.answer)}`) : reply;
}

function refused(why: string): Exchanged<LoggedIn> {
  return { kind: "answer", answer: { kind: "refused", why } };
}

function sentenceOf(message: Message): string {
  if (message.kind === "error") return message.text;
  return message.kind === "unreadable" ? `its answer ${message.why}` : `it says "${message.kind}"`;
}

/** One connection to a node, over which many questions are asked. */
interface Connection {
  /** Never rejects. */
  ask(request: Request, deadlineMs: number): Promise<Exchanged<Message>>;
  /** Why it has ended; undefined while it stands. */
  ended(): Ended | undefined;
  end(why: string): void;
}

export type Ended = Exclude<Exchanged<never>, { kind: "answer" }>;

export interface ConnectionArgs {
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

function openConnection({ socket, onEvent, onEnded }: ConnectionArgs): Connection {
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

  const deliver = (message: Message, answers: number): void => {
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
      deliver(readMessage(read.frame), read.frame.stream);
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
