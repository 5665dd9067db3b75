import { Binary, type Document, Long, ObjectId } from "bson";

import type { Quorum } from "../../common/stand-in/quorum.ts";
import type { Scram } from "../../common/stand-in/scram.ts";

export interface Server {
  readonly set: string;
  /** The only one in which its one user has rights. */
  readonly database: string;
  /** `host:port` by the member's name. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly me: string;
  /** Begins a login. */
  readonly scram: () => Scram;
  readonly quorum: Pick<Quorum, "state" | "append" | "committed">;
  /** Counts the changes of what `hello` says; `changed` resolves with the next one. */
  readonly topology: { readonly counter: () => number; readonly changed: () => Promise<void> };
}

/** One client's connection: who has logged in on it. */
export interface Session {
  scram?: Scram;
  loggedIn: boolean;
}

const PROCESS = new ObjectId();
const OK = { ok: 1 };
const OPEN = [
  "hello",
  "ismaster",
  "isMaster",
  "ping",
  "saslStart",
  "saslContinue",
  "buildInfo",
  "endSessions",
];
/** What takes a role that its user doesn't have, in its own database as well. */
const OF_USERS =
  /^(create|update|drop|grant|revoke)\w*(User|Role|Roles|Privileges\w*)\w*$|^(users|roles)Info$/;

/** Answers one command. What the stand-in doesn't know is refused by name. */
export async function answer(server: Server, session: Session, body: Document): Promise<Document> {
  const [name = ""] = Object.keys(body);
  if (!OPEN.includes(name) && !session.loggedIn)
    return failure(13, "Unauthorized", `command ${name} requires authentication`);
  if (!OPEN.includes(name) && (body.$db !== server.database || OF_USERS.test(name)))
    return failure(13, "Unauthorized", `not authorized on ${body.$db} to execute command ${name}`);
  switch (name) {
    case "hello":
    case "ismaster":
    case "isMaster":
      return hello(server, body);
    case "ping":
    case "endSessions":
      return OK;
    case "buildInfo":
      return { ...OK, version: "8.0.0", versionArray: [8, 0, 0, 0], modules: ["stand-in"] };
    case "saslStart":
      session.scram = server.scram();
      return sasl(session.scram.first(textOf(body.payload)), false);
    case "saslContinue":
      return prove(session, body);
    case "insert":
      return insert(server, body);
    case "find":
      return find(server, body);
    default:
      return failure(59, "CommandNotFound", `this stand-in has no command ${name}`);
  }
}

async function hello(server: Server, body: Document): Promise<Document> {
  const { topology } = server;
  const seen = body.topologyVersion?.counter;
  if (seen !== undefined && Number(seen) === topology.counter()) {
    const patience = Math.min(Number(body.maxAwaitTimeMS ?? 0), 30_000);
    await Promise.race([topology.changed(), later(patience)]);
  }
  const { term, leads, leader } = server.quorum.state();
  const election = Buffer.alloc(12);
  election.writeUInt32BE(0x7fffffff, 0);
  election.writeUInt32BE(term, 8);
  return {
    ...OK,
    helloOk: true,
    isWritablePrimary: leads,
    ismaster: leads,
    secondary: !leads,
    setName: server.set,
    setVersion: 1,
    hosts: Object.values(server.hosts),
    me: server.hosts[server.me],
    ...(leader !== undefined && { primary: server.hosts[leader] }),
    ...(leads && { electionId: new ObjectId(election) }),
    topologyVersion: { processId: PROCESS, counter: Long.fromNumber(topology.counter()) },
    minWireVersion: 0,
    maxWireVersion: 25,
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    // Drivers that are told nothing take SHA-1, which no user has.
    ...(body.saslSupportedMechs !== undefined && { saslSupportedMechs: ["SCRAM-SHA-256"] }),
  };
}

async function insert({ quorum }: Server, body: Document): Promise<Document> {
  const documents: readonly Document[] = body.documents ?? [];
  try {
    await quorum.append({ collection: body.insert, documents });
  } catch (error) {
    return failure(10_107, "NotWritablePrimary", (error as Error).message);
  }
  return { ...OK, n: documents.length };
}

function find({ quorum }: Server, body: Document): Document {
  const firstBatch = quorum.committed().flatMap((value) => {
    const { collection, documents } = value as { collection: string; documents: Document[] };
    return collection === body.find ? documents : [];
  });
  return { ...OK, cursor: { id: Long.ZERO, ns: `${body.$db}.${body.find}`, firstBatch } };
}

function prove(session: Session, body: Document): Document {
  const login = session.scram?.final(textOf(body.payload));
  if (login === undefined) return failure(18, "AuthenticationFailed", "Authentication failed.");
  session.loggedIn = true;
  return sasl(login.proof, true);
}

function sasl(payload: string, done: boolean): Document {
  return { ...OK, conversationId: 1, done, payload: new Binary(Buffer.from(payload)) };
}

function textOf(payload: unknown): string {
  return payload instanceof Binary ? Buffer.from(payload.buffer).toString("utf8") : String(payload);
}

function failure(code: number, codeName: string, errmsg: string): Document {
  return { ok: 0, code, codeName, errmsg };
}

const later = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms).unref());
