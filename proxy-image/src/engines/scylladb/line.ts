import { connect } from "node:net";

import type { Exchanged } from "../../observe/exchange.ts";
import type { Line } from "../../observe/line.ts";
import type { Login } from "../../observe/observer.ts";
import type { Conversation } from "./conversation.ts";
import { converse } from "./conversation.ts";
import { options } from "./cql/request.ts";
import type { Entered } from "./login.ts";
import { enter, sentenceOf } from "./login.ts";

/** What one node says of itself. */
export type Said =
  | { readonly kind: "serves"; readonly cluster: string }
  | { readonly kind: "other"; readonly why: string };

export interface LineArgs {
  readonly address: string;
  readonly port: number;
  readonly login: () => Login | undefined;
  /** Another node changed, by this node's word: its address. */
  readonly onEvent: (address: string) => void;
  /** A connection that stood has ended: the quickest sign of a process's death. */
  readonly onLost: () => void;
}

/** A login costs the node a tenth of a second of its processor: it is slow on purpose. */
const LOGIN_MS = 2000;
/** After a refusal nobody is let in sooner for asking again. */
const RETRY_MS = 2000;

/** Asks one node, over one connection that is held, whether it answers. */
export function openLine({ address, port, login, onEvent, onLost }: LineArgs): Line<Said> {
  let held: Held | undefined;
  let refusal: NodeJS.Timeout | undefined;
  let stopped = false;

  const open = (): Held => {
    let entered = false;
    const conversation = converse({
      socket: connect({ host: address, port, noDelay: true, keepAlive: true }),
      onEvent: (event) => onEvent(event.address),
      onEnded() {
        if (entered && !stopped) onLost();
      },
    });
    const entry = enter(conversation, login(), LOGIN_MS).then((result) => {
      entered = result.kind === "answer" && result.answer.kind === "in";
      if (!entered) conversation.end("the portal was not let in");
      return result;
    });
    return { conversation, entry };
  };

  const current = (): Held => {
    const over = held?.conversation.ended() !== undefined && refusal === undefined;
    if (!held || over) held = open();
    return held;
  };

  return {
    async ask(deadlineMs) {
      const { conversation, entry } = current();
      const result = await within(entry, deadlineMs);
      if (result.kind !== "answer") return result;
      const { answer } = result;
      if (answer.kind === "refused") {
        refusal ??= setTimeout(() => {
          refusal = undefined;
        }, RETRY_MS).unref();
        return { kind: "answer", answer: { kind: "other", why: answer.why } };
      }
      return said(await conversation.ask(options, deadlineMs), answer.cluster);
    },
    stop() {
      stopped = true;
      clearTimeout(refusal);
      held?.conversation.end("the portal left");
    },
  };
}

interface Held {
  readonly conversation: Conversation;
  readonly entry: Promise<Exchanged<Entered>>;
}

function said(
  answered: Awaited<ReturnType<Conversation["ask"]>>,
  cluster: string,
): Exchanged<Said> {
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
