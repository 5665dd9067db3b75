import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import type { Engine } from "../../infra/model/catalogue.ts";
import { catalogue } from "../../infra/model/catalogue.ts";

export type Answer = { readonly kind: "open" } | { readonly kind: "refused"; readonly why: string };

export interface Door {
  readonly host: string;
  readonly port: number;
  readonly engine: Engine;
  /** PEM of the deployment's authority. */
  readonly ca: string;
}

/** PostgreSQL's SSLRequest: length 8, code 80877103. A server that offers TLS answers "S". */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Connects once, as the engine's client does, and looks whether a database answers. */
export function knock(door: Door, deadlineMs: number): Promise<Answer> {
  return new Promise((done) => {
    const { host, port, engine, ca } = door;
    const endsTls = catalogue[engine].tls === "portal";
    const socket: Socket = endsTls ? connectTls({ host, port, ca }) : connect({ host, port });
    const answer = (found: Answer) => {
      clearTimeout(deadline);
      socket.destroy();
      done(found);
    };
    const refuse = (why: string) => answer({ kind: "refused", why });
    const deadline = setTimeout(
      () => refuse(`no answer within ${deadlineMs / 1000} s`),
      deadlineMs,
    );
    if (endsTls) socket.once("secureConnect", () => answer({ kind: "open" }));
    if (engine === "postgresql") socket.once("connect", () => socket.write(SSL_REQUEST));
    socket.once("data", (data) =>
      engine !== "postgresql" || data.toString() === "S"
        ? answer({ kind: "open" })
        : refuse("it offers no TLS"),
    );
    socket.once("end", () => refuse("it closed the connection"));
    socket.once("error", (error) => refuse(error.message));
  });
}
