import { connect } from "node:net";

export type Answer = { readonly kind: "open" } | { readonly kind: "refused"; readonly why: string };

/** PostgreSQL's SSLRequest: length 8, code 80877103. A server that offers TLS answers "S". */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Connects once, as psql does, and looks whether a database answers. */
export function knock(host: string, port: number, deadlineMs: number): Promise<Answer> {
  return new Promise((done) => {
    const socket = connect({ host, port });
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
    socket.once("connect", () => socket.write(SSL_REQUEST));
    socket.once("data", (data) =>
      data.toString() === "S" ? answer({ kind: "open" }) : refuse("it offers no TLS"),
    );
    socket.once("end", () => refuse("it closed the connection"));
    socket.once("error", (error) => refuse(error.message));
  });
}
