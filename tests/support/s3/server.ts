import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { errorAnswer } from "./answer.ts";
import type { Fault } from "./fault.ts";
import { send } from "./fault.ts";
import type { Action, ObjectLocation } from "./handler.ts";
import { answer, locationOf } from "./handler.ts";
import type { Metadata } from "./metadata.ts";
import { createMetadata } from "./metadata.ts";
import type { Objects } from "./objects.ts";
import { createObjects } from "./objects.ts";
import type { Credential } from "./signature.ts";

export interface Seen extends ObjectLocation {
  readonly method: string;
  readonly accessKeyId: string | undefined;
  readonly ifNoneMatch: string | undefined;
  /** What was answered. Undefined: nothing was. */
  readonly status: number | undefined;
}

export interface StandInArgs {
  readonly objects?: Objects;
  /** Credentials that are good besides those that the instance metadata gave. */
  readonly credentials?: readonly Credential[];
  /** What each key may do; without it, everything. */
  readonly allows?: (accessKeyId: string, action: Action, bucket: string, key: string) => boolean;
  readonly host?: string;
  readonly port?: number;
  readonly role?: string;
  /** Seconds for which the instance metadata gives credentials. */
  readonly lifetime?: number;
  /** Further paths of the instance metadata, below `/latest/`. */
  readonly paths?: Readonly<Record<string, string>>;
}

/** A stand-in for S3, and for the instance metadata below `/latest/` of the same address. */
export interface StandIn {
  /** `http://127.0.0.1:<port>`: for path style, and as the metadata's endpoint. */
  readonly url: string;
  readonly port: number;
  readonly objects: Objects;
  readonly metadata: Metadata;
  readonly requests: readonly Seen[];
  /** Requests of S3 are answered with this fault until it is null again. */
  fault: Fault | null;
  /** Refuses connections, and cuts those that are open. */
  close(): Promise<void>;
  /** Listens again, on the same port. */
  open(): Promise<void>;
}

export async function startStandIn(args: StandInArgs = {}): Promise<StandIn> {
  const { objects = createObjects(), credentials = [], host = "127.0.0.1" } = args;
  const { role = "orders-portal-1", lifetime = 6 * 3600, allows = () => true } = args;
  const metadata = createMetadata({ role, lifetime, ...(args.paths && { paths: args.paths }) });
  const credentialOf = (id: string) =>
    credentials.find(({ accessKeyId }) => accessKeyId === id) ?? metadata.credentialOf(id);
  const requests: Seen[] = [];

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "GET", url: target = "/", headers } = request;
    if (target.startsWith("/latest/")) return metadata.handle(request, response);
    const body = Buffer.concat(await request.toArray());
    const asked = { method, target, headers, body };
    const fault = it.fault?.only === undefined || it.fault.only === method ? it.fault : null;
    const answered = answer({ objects, credentialOf, allows }, asked, fault);
    requests.push({
      ...locationOf(asked),
      method,
      accessKeyId: /Credential=([^/]+)/.exec(headers.authorization ?? "")?.[1],
      ifNoneMatch: headers["if-none-match"],
      status: fault?.kind === "hanging" || fault?.kind === "cut" ? undefined : answered.status,
    });
    // Node leaves out the body of an answer to HEAD, and keeps its length.
    await send(response, answered, fault);
  };

  const server: Server = createServer((request, response) => {
    response.on("error", () => {});
    handle(request, response).catch((error: Error) => {
      const { status, headers, body } = errorAnswer(500, "InternalError", error.message);
      if (!response.headersSent) response.writeHead(status, headers).end(body);
    });
  });
  const listen = async (port: number) => {
    server.listen(port, host);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(args.port ?? 0);
  const it: StandIn = {
    url: `http://127.0.0.1:${port}`,
    port,
    objects,
    metadata,
    requests,
    fault: null,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
    open: async () => void (await listen(port)),
  };
  return it;
}
