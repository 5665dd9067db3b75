import type { Exchanged } from "../../observe/exchange.ts";
import type { Login } from "../../observe/observer.ts";
import type { Conversation } from "./conversation.ts";
import type { Message } from "./cql/message.ts";
import { authResponse, clusterName, register, startup } from "./cql/request.ts";

export type Entered =
  /** The node's own word of which cluster it is of; and it pushes events from now on. */
  | { readonly kind: "in"; readonly cluster: string }
  | { readonly kind: "refused"; readonly why: string };

/** Logs in on a new conversation: only then a node tells which cluster it is of, and pushes events. Never rejects. */
export async function enter(
  conversation: Conversation,
  login: Login | undefined,
  deadlineMs: number,
): Promise<Exchanged<Entered>> {
  const over = setTimeout(
    () => conversation.end(`did not let the portal in within ${deadlineMs} ms`),
    deadlineMs,
  );
  try {
    const ask = (request: Parameters<Conversation["ask"]>[0]) =>
      conversation.ask(request, deadlineMs);
    let said = await ask(startup);
    if (said.kind === "answer" && said.answer.kind === "authenticate") {
      if (!login) return refused("asks for a login, and the portal has none");
      said = await ask(authResponse(login.user, login.password));
    }
    if (!isWelcome(said)) return complain(said, "doesn't let the portal in");
    const registered = await ask(register);
    if (!isWelcome(registered)) return complain(registered, "pushes no events");
    const named = await ask(clusterName);
    const cluster =
      named.kind === "answer" && named.answer.kind === "rows"
        ? named.answer.rows[0]?.[0]
        : undefined;
    if (cluster === undefined) return complain(named, "doesn't tell which cluster it is of");
    return { kind: "answer", answer: { kind: "in", cluster } };
  } finally {
    clearTimeout(over);
  }
}

function isWelcome(said: Exchanged<Message>): boolean {
  return (
    said.kind === "answer" && (said.answer.kind === "ready" || said.answer.kind === "authenticated")
  );
}

function complain(said: Exchanged<Message>, what: string): Exchanged<Entered> {
  return said.kind === "answer" ? refused(`${what}: ${sentenceOf(said.answer)}`) : said;
}

function refused(why: string): Exchanged<Entered> {
  return { kind: "answer", answer: { kind: "refused", why } };
}

export function sentenceOf(message: Message): string {
  if (message.kind === "error") return message.text;
  return message.kind === "unreadable" ? `its answer ${message.why}` : `it says "${message.kind}"`;
}
