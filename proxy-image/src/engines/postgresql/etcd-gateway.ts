import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { Credentials } from "../../observe/observer.ts";
import { failureOf } from "../../observe/source-client.ts";

/** A member of etcd, by the name that its certificate carries. */
export interface Member {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export type Posted =
  | { readonly kind: "reply"; readonly status: number; readonly body: string }
  | { readonly kind: "failed"; readonly why: string };

/** etcd's JSON gateway, over connections that are kept. */
export interface Gateway {
  /** Never rejects. Ends, unanswered, when the signal says so. */
  post(member: Member, call: Call, signal: AbortSignal): Promise<Posted>;
  /** Opens a stream. `onEnd` is called once, whatever the end was. */
  stream(member: Member, call: Call, on: StreamHandlers): { stop(): void };
  close(): void;
}

export interface Call {
  readonly path: "/v3/kv/range" | "/v3/auth/authenticate" | "/v3/watch";
  readonly body: unknown;
  readonly token?: string | undefined;
}

export interface StreamHandlers {
  readonly onText: (text: string) => void;
  readonly onEnd: (why: string) => void;
}

const LONGEST_REPLY = 8 * 1024 * 1024;

/** A stream's member whose host was lost is noticed by keep-alive, this many milliseconds after its last packet. */
const KEEP_ALIVE_MS = 5000;

export function createGateway(credentials: Credentials): Gateway {
  const agent = new Agent({
    keepAlive: true,
    keepAliveMsecs: KEEP_ALIVE_MS,
    ...(credentials.kind === "usable" && { secureContext: credentials.context }),
  });

  const send = (member: Member, { path, body, token }: Call): ClientRequest => {
    const text = JSON.stringify(body);
    const message = request({
      agent,
      host: member.address,
      port: member.port,
      servername: member.name,
      method: "POST",
      path,
      headers: {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(text),
        ...(token !== undefined && { authorization: token }),
      },
    });
    message.end(text);
    return message;
  };

  return {
    post: (member, call, signal) =>
      new Promise((resolve) => {
        const failed = (why: string): void => resolve({ kind: "failed", why });
        if (credentials.kind === "unusable") return failed(credentials.why);
        if (signal.aborted) return failed("no answer");
        const message = send(member, call);
        const abort = (): void => {
          failed("no answer");
          message.destroy();
        };
        signal.addEventListener("abort", abort, { once: true });
        message.on("error", (error) => failed(failureOf(error).why));
        message.on("close", () => {
          signal.removeEventListener("abort", abort);
          failed("closed the connection before it answered");
        });
        message.on("response", (response) => {
          collect(response, (body) => {
            if (body === undefined) message.destroy();
            else resolve({ kind: "reply", status: response.statusCode ?? 0, body });
          });
        });
      }),

    stream(member, call, { onText, onEnd }) {
      let ended = false;
      const end = (why: string): void => {
        if (ended) return;
        ended = true;
        onEnd(why);
      };
      if (credentials.kind === "unusable") {
        const { why } = credentials;
        queueMicrotask(() => end(why));
        return { stop: () => end("stopped") };
      }
      const message = send(member, call);
      message.on("socket", (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
      message.on("error", (error) => end(failureOf(error).why));
      message.on("close", () => end("closed the stream"));
      message.on("response", (response) => {
        response.setEncoding("utf8");
        response.on("data", onText);
        response.on("error", (error) => end(failureOf(error).why));
      });
      return {
        stop() {
          ended = true;
          message.destroy();
        },
      };
    },

    close: () => agent.destroy(),
  };
}

function collect(response: IncomingMessage, onBody: (body: string | undefined) => void): void {
  let body = "";
  response.setEncoding("utf8");
  response.on("data", (text: string) => {
    body += text;
    if (body.length > LONGEST_REPLY) onBody(undefined);
  });
  response.on("error", () => onBody(undefined));
  response.on("end", () => onBody(body));
}
