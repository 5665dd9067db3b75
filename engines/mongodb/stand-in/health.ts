// Exit code 0: this member knows a primary; with the argument "primary", that it is one.
import { connect } from "node:net";

import { serialize } from "bson";

import { takeRequest } from "./wire.ts";

const body = serialize({ hello: 1, $db: "admin" });
const message = Buffer.alloc(21 + body.length);
message.writeInt32LE(message.length, 0);
message.writeInt32LE(2013, 12);
message.set(body, 21);

const socket = connect({ host: "127.0.0.1", port: 27_017 });
let received: Buffer = Buffer.alloc(0);
socket.on("error", () => process.exit(1));
socket.on("data", (chunk: Buffer) => {
  received = Buffer.concat([received, chunk]);
  const reply = takeRequest(received);
  if (!reply) return;
  const { primary, isWritablePrimary } = reply.request.body;
  const good = process.argv[2] === "primary" ? isWritablePrimary : primary !== undefined;
  process.exit(good ? 0 : 1);
});
socket.write(message);
setTimeout(() => process.exit(1), 2500);
