import type { Socket } from "node:net";

import type { Scram } from "../../common/stand-in/scram.ts";
import { handshake } from "./handshake.ts";

/** Answers one query of a user who has logged in. */
export type Answer = (user: string, query: readonly unknown[]) => Promise<object>;

/** Token and length come before a message's JSON. */
const HEAD = 12;
const LONGEST = 16 * 1024 * 1024;
/** For the handshake. RethinkDB's own source has no such bound. */
const LOGIN_MS = 10_000;

/** Serves one driver: the handshake, then its queries, each as soon as it is there. */
export function serve(socket: Socket, login: Scram, answer: Answer): void {
  const shake = handshake(login);
  let user: string | undefined;
  let received: Buffer = Buffer.alloc(0);
  const deadline = setTimeout(() => socket.destroy(), LOGIN_MS);
  socket.once("close", () => clearTimeout(deadline));
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (user === undefined) {
      const step = shake(received);
      if (step.kind === "more") return;
      if (step.kind === "refuse") {
        socket.end(step.text);
        return;
      }
      socket.write(step.text);
      received = step.rest;
      user = step.user;
    }
    clearTimeout(deadline);
    try {
      received = takeQueries(socket, received, user, answer);
    } catch {
      socket.destroy();
    }
  });
}

function takeQueries(socket: Socket, received: Buffer, user: string, answer: Answer): Buffer {
  let rest = received;
  while (rest.length >= HEAD) {
    const length = rest.readUInt32LE(8);
    if (length > LONGEST) throw new Error("no query is that long");
    if (rest.length < HEAD + length) break;
    const token = rest.subarray(0, 8);
    const query = JSON.parse(rest.toString("utf8", HEAD, HEAD + length));
    answer(user, query).then(
      (response) => reply(socket, token, response),
      () => socket.destroy(),
    );
    rest = rest.subarray(HEAD + length);
  }
  return rest;
}

function reply(socket: Socket, token: Buffer, response: object): void {
  const json = Buffer.from(JSON.stringify(response));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  if (!socket.destroyed) socket.write(Buffer.concat([token, length, json]));
}
