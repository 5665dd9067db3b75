import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";

import type { Agent, Vouched } from "../agent.ts";
import { NO } from "../plan/render-vouch.ts";

export interface Answers extends Pick<Agent, "speaks" | "vouches"> {
  status(): unknown;
  metrics(): Promise<string>;
}

/**
 * The agent's own port, on loopback: HAProxy asks it every second whether it lives and whom it vouches for, and passes
 * the status page on to those on the whitelist.
 */
export function serve(answers: Answers, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    answer(answers, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

const STATUS_OF: Readonly<Record<Vouched, number>> = { yes: 200, no: NO, unknown: 503 };

async function answer(
  answers: Answers,
  { url = "/" }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const send = (status: number, type: string, body: string) =>
    response.writeHead(status, { "content-type": type }).end(body);
  const [, page = "", endpoint = "", node = ""] = url.split("/");
  switch (page) {
    case "alive": {
      const speaks = await answers.speaks();
      return void send(speaks ? 200 : 503, "text/plain", `${speaks ? "alive" : "no verdict"}\n`);
    }
    case "vouch": {
      const vouched = await answers.vouches(endpoint, node);
      return void send(STATUS_OF[vouched], "text/plain", `${vouched}\n`);
    }
    case "":
    case "status":
      return void send(200, "application/json", `${JSON.stringify(answers.status(), null, 2)}\n`);
    case "metrics":
      return void send(200, "text/plain; version=0.0.4", await answers.metrics());
    default:
      return void send(404, "text/plain", "not found\n");
  }
}
