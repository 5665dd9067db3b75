// Asks whoever leads a stand-in's quorum to hand over: run in any of its nodes, with the port of its members.
import { readFileSync } from "node:fs";
import { connect } from "node:net";

const { members } = JSON.parse(readFileSync("/etc/portico/node/node.json", "utf8"));
const port = Number(process.argv[2]);
for (const address of Object.values<string>(members)) {
  const socket = connect({ host: address, port });
  socket.on("error", () => {});
  socket.setTimeout(2000, () => socket.destroy());
  socket.end(`${JSON.stringify({ kind: "step down" })}\n`);
}
