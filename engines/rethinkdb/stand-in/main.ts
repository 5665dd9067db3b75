// A stand-in for RethinkDB, where no server of it can be had: processes that speak its drivers' protocol and a dozen terms of ReQL, and
// keep what is inserted with a majority. It has no indexes, shards or change feeds; nothing that it shows is proof for RethinkDB.
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

import { openPeers } from "../../common/stand-in/peers.ts";
import { createQuorum, type Quorum } from "../../common/stand-in/quorum.ts";
import { openLog } from "../../common/stand-in/quorum-log.ts";
import { scramFor } from "../../common/stand-in/scram.ts";
import { joinCluster, type Operation } from "./cluster.ts";
import type { Env } from "./reql.ts";
import { evaluate, PORTAL, Rows, writes } from "./reql.ts";
import { ReqlError } from "./reql-error.ts";
import { serve } from "./session.ts";
import { createTables } from "./tables.ts";

const NODE = "/etc/portico/node";
const LOG = "/var/lib/portico/data/log.jsonl";
const DRIVER = 28_015;
const CLUSTER = 29_015;

/** Numbers of RethinkDB's ql2.proto. */
const QUERY = { start: 1, stop: 3, noreplyWait: 4, serverInfo: 5 } as const;

const { name, scope, members, user, database } = JSON.parse(
  readFileSync(`${NODE}/node.json`, "utf8"),
);
/** Read anew for each login: a password changes while the server runs. */
const login = scramFor(() => {
  const { app, portal } = JSON.parse(readFileSync(`${NODE}/secrets.json`, "utf8"));
  return { [user]: app, [PORTAL]: portal };
});
const tables = createTables();
const others = Object.keys(members).filter((member) => member !== name);

let quorum: Quorum | undefined;
const wire = openPeers({
  addresses: members,
  port: CLUSTER,
  onMessage: (message) =>
    (message as { scope?: unknown }).scope === scope && cluster.receive(message),
});
/** Servers of another deployment at these addresses are ignored. */
const peers = { send: (to: string, message: object) => wire.send(to, { scope, ...message }) };
const cluster = joinCluster({ name, others, peers, quorum: () => quorum, perform });
const log = openLog(LOG);
const onChange = () => print("the cluster changed", quorum?.state());
quorum = createQuorum({ name, others, log, peers, onChange });

createServer((socket) => serve(socket, login(), answer)).listen(DRIVER);

async function answer(who: string, [type, term, options]: readonly unknown[]): Promise<object> {
  switch (type) {
    case QUERY.serverInfo:
      return { t: 5, r: [{ id: idOf(name), name, proxy: false }] };
    case QUERY.noreplyWait:
      return { t: 4, r: [] };
    case QUERY.stop:
      return { t: 2, r: [] };
    case QUERY.start:
      return start({
        id: randomUUID(),
        user: who,
        usual: String((options as Options | undefined)?.db?.[1][0] ?? "test"),
        term,
        writes: writes(term),
      });
    default:
      return new ReqlError("logic", `this stand-in has no query of type ${type}`).response();
  }
}

/** `db` is a term. */
interface Options {
  readonly db?: readonly [number, readonly [unknown]];
}

/** What the portal reads is this server's own report, and no business of the quorum's. */
async function start(operation: Operation): Promise<object> {
  if (operation.user === PORTAL) return perform(operation);
  const why = "The primary replica isn't connected to a quorum of replicas.";
  const kind = operation.writes ? "indeterminate" : "operation";
  return (await cluster.submit(operation)) ?? new ReqlError(kind, why).response();
}

function perform({ id, user: who, usual, term }: Operation): object {
  let keys = 0;
  const env: Env = {
    tables,
    database,
    usual,
    user: who,
    servers: cluster.connected().map((server) => ({ id: idOf(server), name: server })),
    newKey: () => `${id}-${++keys}`,
  };
  try {
    const value = evaluate(term, env);
    return value instanceof Rows ? { t: 2, r: value.documents } : { t: 1, r: [value ?? null] };
  } catch (error) {
    if (error instanceof ReqlError) return error.response();
    return new ReqlError("logic", `this stand-in can't read that: ${error}`).response();
  }
}

/** A server's id, the same after every start. */
function idOf(server: string): string {
  const digits = createHash("sha256").update(server).digest("hex");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

function print(msg: string, more: object = {}): void {
  process.stdout.write(`${JSON.stringify({ msg, name, ...more })}\n`);
}

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(0));
