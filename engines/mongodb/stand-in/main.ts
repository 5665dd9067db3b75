// A stand-in for MongoDB, where no server of it can be had: three processes that speak its wire protocol, elect a primary and keep
// what is inserted with a majority. It has no indexes, no queries, no rollback; nothing that it shows is proof for MongoDB.
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { createServer } from "node:net";

import { openPeers } from "../../common/stand-in/peers.ts";
import { createQuorum, type Quorum } from "../../common/stand-in/quorum.ts";
import { openLog } from "../../common/stand-in/quorum-log.ts";
import { scramFor } from "../../common/stand-in/scram.ts";
import type { Server, Session } from "./commands.ts";
import { answer } from "./commands.ts";
import { encodeReply, takeRequest } from "./wire.ts";

const NODE = "/etc/portico/node";
const LOG = "/var/lib/portico/data/log.jsonl";
const PORT = 27_017;
const PEERS = 27_018;

const { name, scope, members, user, database } = JSON.parse(
  readFileSync(`${NODE}/node.json`, "utf8"),
);
/** Read anew for each login: a password changes while the server runs. */
const passwords = () => ({ [user]: JSON.parse(readFileSync(`${NODE}/secrets.json`, "utf8")).app });

let counter = 1;
const wakes: (() => void)[] = [];
const onChange = (): void => {
  counter++;
  for (const wake of wakes.splice(0)) wake();
  console.log(JSON.stringify({ msg: "the topology changed", name, ...quorum?.state() }));
};

let quorum: Quorum | undefined;
const peers = openPeers({ addresses: members, port: PEERS, onMessage: (m) => quorum?.receive(m) });
const others = Object.keys(members).filter((member) => member !== name);
quorum = createQuorum({ name, others, log: openLog(LOG), peers, onChange });

const server: Server = {
  set: scope,
  database,
  hosts: Object.fromEntries(
    Object.entries(members).map(([member, address]) => [member, `${address}:${PORT}`]),
  ),
  me: name,
  scram: scramFor(passwords),
  quorum,
  topology: {
    counter: () => counter,
    changed: () => new Promise((done) => wakes.push(done)),
  },
};

createServer(serve).listen(PORT);

function serve(socket: Socket): void {
  const session: Session = { loggedIn: false };
  let received: Buffer = Buffer.alloc(0);
  let queue: Promise<void> = Promise.resolve();
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    try {
      for (let next = takeRequest(received); next; next = takeRequest(received)) {
        received = next.rest;
        const { request } = next;
        queue = queue.then(async () => {
          const reply = encodeReply(request, await answer(server, session, request.body));
          if (!socket.destroyed) socket.write(reply);
        });
      }
    } catch {
      socket.destroy();
    }
  });
}

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(0));
