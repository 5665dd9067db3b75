import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import type { Haproxy } from "../../proxy-image/src/apply/haproxy.ts";
import { createHaproxy } from "../../proxy-image/src/apply/haproxy.ts";
import type { Configured, HaproxyEvent } from "../../proxy-image/src/apply/results.ts";
import type { Stop } from "../../proxy-image/src/apply/runtime-commands.ts";
import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import type {
  Actual,
  Block,
  Wanted,
  WantedEndpoint,
  Whitelist,
} from "../../proxy-image/src/model/haproxy.ts";
import type { Layout } from "../../proxy-image/src/plan/names.ts";
import { DESCRIPTORS, FRONTEND_MAXCONN, WAITING } from "../../proxy-image/src/plan/names.ts";
import type { Command } from "../../proxy-image/src/plan/plan.ts";
import { plan } from "../../proxy-image/src/plan/plan.ts";
import { renderConfig } from "../../proxy-image/src/plan/render.ts";
import { NO, VOUCHED_HEAD, vouchedText } from "../../proxy-image/src/plan/render-vouch.ts";
import { Authority } from "../support/authority.ts";
import { until } from "../support/until.ts";

/** Three nodes that say their name and echo, an agent whose answers a test chooses, and a real HAProxy before them. */
export interface Lab {
  readonly document: PortalDocument;
  readonly haproxy: Haproxy;
  readonly agent: AgentStandIn;
  readonly adminSocket: string;
  readonly masterSocket: string;
  readonly folder: string;
  readonly events: readonly HaproxyEvent[];
  /** What HAProxy has logged of sessions that are over. */
  readonly logged: readonly Logged[];
  readonly master: ChildProcess;
  /** What the supervisor does when HAProxy has ended. */
  restart(): void;
  /** Live sessions that a node has. */
  sessionsOn(node: string): number;
  /** It ends no session any more, as a process that is stopped. */
  freeze(node: string): void;
  /** All that a node ever had. */
  seenOn(node: string): number;
  actual(): Promise<Actual>;
  /** Brings HAProxy's config up to date for a document. */
  configure(document: PortalDocument, why: string): Promise<Configured>;
  /** One cycle of the agent: read, plan, execute. */
  apply(wanted: Wanted): Promise<readonly Command[]>;
  /** Cycles until there is nothing left to do. */
  settle(wanted: Wanted): Promise<void>;
  port(endpoint: string): number;
}

export interface Logged {
  readonly client: string;
  readonly clientPort: number;
  readonly ending: string;
  readonly msg: string;
}

export interface AgentStandIn {
  /** By "<endpoint>/<node>". */
  readonly vouched: Set<string>;
  /** What it says when it is asked whether it lives, where that was said a while ago. */
  said?: ReadonlySet<string>;
  /** How often it was asked whether it lives, and about one slot. */
  readonly asked: { alive: number; slots: number };
  /** Silent: connections are accepted and never answered, as by a frozen process. */
  silent: boolean;
  /** As a killed process does: nobody listens. */
  die(): Promise<void>;
  /** As its supervisor does after that. */
  live(): Promise<void>;
}

/** Entries without an end. */
export function blocks(...cidrs: readonly string[]): readonly Block[] {
  return cidrs.map((cidr) => ({ cidr, until: Number.POSITIVE_INFINITY }));
}

export const EVERYBODY = blocks("127.0.0.0/8");

export interface LabOptions {
  readonly silence?: number;
  readonly fallback?: PortalDocument["fallback"];
  /** The agent says nothing from the start. */
  readonly silent?: boolean;
  /** Folder with ca.crt, client.crt and client.key; needed where there is a fallback. */
  readonly identity?: string;
  /** Port of Patroni's REST interface on every node. */
  readonly patroni?: number;
  /** How many descriptors HAProxy may have. */
  readonly descriptors?: number;
  /** TLS ends at the portal. */
  readonly tls?: boolean;
  readonly engine?: PortalDocument["engine"];
  /** Changes haproxy.cfg, for what would take hours otherwise. */
  readonly edit?: (config: string) => string;
}

/** As PostgreSQL's clients do, those here speak first. The nodes don't echo it. */
const FIRST_BYTES = Buffer.from("\n");

const PATIENCE_MS = 30_000;

/** Why commands failed, where HAProxy was late with its answer. */
const LATE = /no whole answer/;

const NODES = ["orders-1", "orders-2", "orders-3"];

export async function createLab(t: TestContext, options: LabOptions = {}): Promise<Lab> {
  // Left where it is: it goes with the container, and HAProxy writes in it until the last hook of the test has run.
  const folder = mkdtempSync(join(tmpdir(), "lab-"));
  const sessions = new Map<string, Set<Socket>>(NODES.map((node) => [node, new Set()]));
  const seen = new Map<string, number>();
  const frozen = new Set<string>();
  const nodes = await Promise.all(
    NODES.map(async (node, index) => {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        socket.once("end", () => frozen.has(node) || socket.end());
        seen.set(node, (seen.get(node) ?? 0) + 1);
        greet(socket, node, sessions.get(node));
      });
      return [node, await listen(t, server, `127.0.1.${index + 1}`)] as const;
    }),
  );
  const agent: AgentStandIn = {
    vouched: new Set(),
    asked: { alive: 0, slots: 0 },
    silent: options.silent ?? false,
    die: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    live: () =>
      new Promise((resolve) => server.listen(agentAddress.port, agentAddress.address, resolve)),
  };
  const server = agentServer(agent);
  const agentAddress = await listen(t, server, "127.0.0.1");
  const ports = await freePorts(3);
  const document = documentOf(nodes, ports, options);
  const layout: Layout = {
    folder,
    identity: options.tls
      ? await serverIdentity(folder)
      : (options.identity ?? "/etc/portico/identity"),
    image: "/usr/local/lib/portico",
    run: folder,
    group: "steering",
    sshd: join(folder, "sshd.sock"),
    agent: { host: agentAddress.address, port: agentAddress.port },
    descriptors: options.descriptors ?? DESCRIPTORS,
    memory: Number.POSITIVE_INFINITY,
  };
  const adminSocket = join(folder, "admin.sock");
  const masterSocket = join(folder, "master.sock");
  const events: HaproxyEvent[] = [];
  const haproxy = createHaproxy({
    adminSocket,
    masterSocket,
    folder,
    identity: layout.identity,
    render: (wanted) =>
      options.edit?.(renderConfig(wanted, layout)) ?? renderConfig(wanted, layout),
    onEvent: (event) => events.push(event),
  });
  t.after(() => haproxy.close());
  const configure = async (wanted: PortalDocument, why: string): Promise<Configured> => {
    const command = {
      kind: "configure",
      document: wanted,
      whitelist: () => EVERYBODY,
      why,
    } as const;
    const applied = await haproxy.execute([command]);
    if (applied.kind === "failed") throw new Error(applied.why);
    assert.ok(applied.configured);
    return applied.configured;
  };
  const configured = await configure(document, "the test starts");
  if (configured.kind !== "written") throw new Error(JSON.stringify(configured));
  const logged: Logged[] = [];
  const start = () => {
    const started = startHaproxy(t, join(folder, "haproxy.cfg"), masterSocket, options.descriptors);
    if (started.stdout)
      createInterface({ input: started.stdout }).on("line", (line) => {
        if (line.startsWith("{")) logged.push(JSON.parse(line));
      });
    return started;
  };
  const master = start();

  // As the agent does in its next cycles, where a busy machine has kept HAProxy from an answer within the second that it has.
  const actual = (): Promise<Actual> =>
    until("HAProxy answers", PATIENCE_MS, async () => {
      const reading = await haproxy.read();
      return reading.kind === "actual" && reading.actual;
    });
  await actual();
  const apply = async (wanted: Wanted): Promise<readonly Command[]> => {
    const commands = plan(await actual(), wanted);
    const applied = await haproxy.execute(commands);
    if (applied.kind !== "failed") return commands;
    if (!LATE.test(applied.why)) throw new Error(applied.why);
    return apply(wanted);
  };
  return {
    document,
    haproxy,
    agent,
    adminSocket,
    masterSocket,
    folder,
    events,
    logged,
    master,
    restart: () => void start(),
    sessionsOn: (node) => sessions.get(node)?.size ?? 0,
    freeze: (node) => frozen.add(node),
    seenOn: (node) => seen.get(node) ?? 0,
    actual,
    configure,
    apply,
    settle: (wanted) =>
      until("there is nothing left to do", PATIENCE_MS, async () => {
        const { whitelist } = await actual();
        return (await apply(wanted)).length === 0 && whitelist.kind === "known";
      }).then(() => {}),
    port: (endpoint) => document.endpoints[endpoint]?.port ?? document.status,
  };
}

/** What the judge would want: the write endpoint on one node, the read endpoint on some. */
export function wantedOf(
  primary: string | undefined,
  replicas: readonly string[] = [],
  whitelist: Whitelist = EVERYBODY,
): Wanted {
  const slots = (ready: readonly (string | undefined)[]): WantedEndpoint => ({
    gate: ready.some((node) => node !== undefined) ? "open" : "closed",
    slots: Object.fromEntries(NODES.map((node) => [node, ready.includes(node) ? "ready" : "cut"])),
    why: "the test says so",
  });
  return { endpoints: { primary: slots([primary]), replica: slots(replicas) }, whitelist };
}

/** Frontends at which a test's own hold stops accept(). */
export const stops = (...frontends: readonly string[]): readonly Stop[] =>
  frontends.map((frontend) => ({ frontend, limit: FRONTEND_MAXCONN }));

/** The same, while the write endpoint's newcomers wait. */
export function held(wanted: Wanted): Wanted {
  const { primary } = wanted.endpoints;
  assert.ok(primary);
  return { ...wanted, endpoints: { ...wanted.endpoints, primary: { ...primary, gate: "held" } } };
}

export function startHaproxy(
  t: TestContext,
  config: string,
  masterSocket: string,
  descriptors?: number,
): ChildProcess {
  const limit = descriptors === undefined ? "" : `ulimit -n ${descriptors}; `;
  const args = ["haproxy", "-W", "-db", "-f", config, "-S", masterSocket];
  const master = spawn("sh", ["-c", `${limit}exec "$0" "$@"`, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  master.stderr?.on("data", (chunk: Buffer) => {
    stderr = `${stderr}${chunk}`.slice(-4_000);
  });
  master.once("exit", (code) => {
    if (code !== null && code !== 0 && code !== 143) process.stderr.write(`haproxy: ${stderr}\n`);
  });
  t.after(
    () =>
      new Promise<void>((resolve) => {
        if (master.exitCode !== null || master.signalCode !== null) return resolve();
        master.once("exit", () => resolve());
        master.kill("SIGTERM");
        // In the middle of a reload it may take its time; a test has no use for it.
        setTimeout(() => master.kill("SIGKILL"), 500).unref();
      }),
  );
  return master;
}

/** A client's connection: what it was told, and whether it still lives. */
export interface Client {
  readonly socket: Socket;
  /** The node's name, or undefined when the connection ended before one was said. */
  readonly node: Promise<string | undefined>;
  readonly ended: Promise<void>;
  live(): boolean;
}

export function openClient(port: number, from = "127.0.0.1", host = "127.0.0.1"): Client {
  const client = openSilentClient(port, from, host);
  client.socket.write(FIRST_BYTES);
  return client;
}

/** One that never says a word. */
export function openSilentClient(port: number, from = "127.0.0.1", host = "127.0.0.1"): Client {
  return clientOf(connect({ port, host, localAddress: from }));
}

/** The same through TLS. `secured`: the handshake is done. */
export function openTlsClient(port: number, from = "127.0.0.1", firstBytes = FIRST_BYTES) {
  return startTls(connect({ port, host: "127.0.0.1", localAddress: from }), firstBytes);
}

/** On a connection that may be open for a while already. */
export function startTls(raw: Socket, firstBytes = FIRST_BYTES) {
  raw.on("error", () => {});
  const socket = connectTls({ socket: raw, rejectUnauthorized: false });
  const secured = new Promise<boolean>((resolve) => {
    socket.once("secureConnect", () => resolve(true));
    socket.once("close", () => resolve(false));
  });
  if (firstBytes.length > 0) socket.write(firstBytes);
  return { ...clientOf(socket), secured };
}

function clientOf(socket: Socket): Client {
  let live = true;
  const ended = new Promise<void>((resolve) =>
    socket.once("close", () => {
      live = false;
      resolve();
    }),
  );
  const node = new Promise<string | undefined>((resolve) => {
    socket.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    socket.once("close", () => resolve(undefined));
  });
  socket.on("error", () => {});
  return { socket, node, ended, live: () => live };
}

/** The node that a new client is sent to, or undefined when it is sent away. To be left waiting is neither. */
export async function nodeBehind(
  port: number,
  from?: string,
  host?: string,
  patienceMs = PATIENCE_MS,
) {
  const { socket, node } = openClient(port, from, host);
  let waited = false;
  const patience = setTimeout(() => {
    waited = true;
    socket.destroy();
  }, patienceMs);
  const served = await node;
  clearTimeout(patience);
  socket.destroy();
  if (waited) throw new Error(`a client of port ${port} was neither served nor sent away`);
  return served;
}

function greet(socket: Socket, node: string, sessions: Set<Socket> | undefined): void {
  sessions?.add(socket);
  socket.once("close", () => sessions?.delete(socket));
  socket.on("error", () => {});
  socket.on("data", (chunk) => socket.write(chunk.subarray(chunk[0] === FIRST_BYTES[0] ? 1 : 0)));
  socket.write(`${node}\n`);
}

function agentServer(agent: AgentStandIn) {
  return createHttpServer(({ url = "" }, response) => {
    if (agent.silent) return;
    const [, page, endpoint, node] = url.split("/");
    if (page === "alive") agent.asked.alive += 1;
    else agent.asked.slots += 1;
    if (page === "alive") {
      const slots = ["primary", "replica"].flatMap((name) => [
        [name, WAITING] as const,
        ...NODES.filter((node) => (agent.said ?? agent.vouched).has(`${name}/${node}`)).map(
          (node) => [name, node] as const,
        ),
      ]);
      response.writeHead(200, { [VOUCHED_HEAD]: vouchedText(slots) }).end();
      return;
    }
    const yes = page !== "vouch" || node === WAITING || agent.vouched.has(`${endpoint}/${node}`);
    response.writeHead(yes ? 200 : NO).end();
  });
}

function listen(t: TestContext, server: Server, host: string): Promise<AddressInfo> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new Promise((resolve) => {
    server.listen(0, host, () => resolve(server.address() as AddressInfo));
  });
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function documentOf(
  nodes: readonly (readonly [string, AddressInfo])[],
  [primary = 0, replica = 0, status = 0]: readonly number[],
  {
    silence = 10,
    fallback = "off",
    patroni = 8008,
    tls = false,
    engine = "postgresql",
  }: LabOptions,
): PortalDocument {
  return {
    contract: 1,
    deployment: "orders",
    engine,
    generation: 1,
    nodes: Object.fromEntries(nodes.map(([name, { address, port }]) => [name, { address, port }])),
    evidence: { kind: "patroni", scope: "orders", patroni, etcd: 2379 },
    endpoints: {
      primary: { port: primary, route: "primary", tls },
      replica: { port: replica, route: "replica", tls },
    },
    status,
    sessions: 90,
    maxLag: 0,
    timing: { hold: 30, silence, drain: 60 },
    fallback,
    open: false,
    whitelist: {},
  };
}

async function serverIdentity(folder: string): Promise<string> {
  const { certificate, key } = await (await Authority.create()).issue(["localhost"]);
  const identity = join(folder, "identity");
  writeFiles(identity, { "server.crt": certificate, "server.key": key });
  return identity;
}

/** For configs of a test's own. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}
