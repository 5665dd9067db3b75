import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { leafOf } from "../../../../tests/observe/support/portal.ts";
import type { Authority } from "../../../../tests/support/authority.ts";

/**
 * Speaks etcd's JSON gateway on a real socket, as far as a portal asks, and misbehaves as no real etcd does on demand. It
 * stands in for faults only: that real servers are understood is the business of the recorded replies.
 */
export interface EtcdStandIn {
  readonly port: number;
  /** How it behaves from now on. */
  mood: "answers" | "silent" | "drips";
  /** Keys below /service/orders/, each with its revision. */
  keys: Readonly<Record<string, readonly [value: string, revision: number]>>;
  revision: number;
  /** What clients must show; `undefined`: nothing. */
  token: string | undefined;
  readonly asked: string[];
  /** Streams that are open. */
  readonly streams: Set<ServerResponse>;
  push(line: unknown): void;
  stop(): Promise<void>;
}

export async function startEtcd(authority: Authority, name: string): Promise<EtcdStandIn> {
  const server = createServer({
    ...(await leafOf(authority, name)),
    ca: authority.pem,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const etcd: EtcdStandIn = {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    mood: "answers",
    keys: {},
    revision: 100,
    token: "first",
    asked: [],
    streams: new Set(),
    push(line) {
      for (const stream of etcd.streams) stream.write(`${JSON.stringify(line)}\n`);
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  server.on("request", (request, response) => void serve(etcd, request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return etcd;
}

async function serve(
  etcd: EtcdStandIn,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? "";
  etcd.asked.push(path);
  for await (const _ of request);
  response.on("error", () => {});
  if (etcd.mood === "silent") return;
  if (etcd.mood === "drips") return drip(response);
  if (path === "/v3/auth/authenticate") return answer(response, 200, { token: etcd.token });
  if (request.headers.authorization !== etcd.token) {
    return answer(response, 401, { code: 16, message: "etcdserver: invalid auth token" });
  }
  if (path === "/v3/watch") {
    etcd.streams.add(response);
    response.on("close", () => etcd.streams.delete(response));
    response.write('{"result":{"created":true}}\n');
    return;
  }
  answer(response, 200, rangeOf(etcd));
}

function rangeOf({ keys, revision }: EtcdStandIn): unknown {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const kvs = Object.entries(keys).map(([name, [value, at]]) => ({
    key: base64(`/service/orders/${name}`),
    value: base64(value),
    create_revision: `${at}`,
    mod_revision: `${at}`,
  }));
  return { header: { cluster_id: "7", revision: `${revision}` }, kvs, count: `${kvs.length}` };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write(" "), 20);
  response.on("close", () => clearInterval(timer));
}
