import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createHaproxy } from "../apply/haproxy.ts";
import { createTunnels } from "../apply/ssh.ts";
import type { PortalDocument } from "../contract.ts";
import { createObserver } from "../engines/table.ts";
import { writeDurably } from "../files.ts";
import type { Lineage } from "../judge/memory.ts";
import { appliedOf, writeApplied } from "../report/applied.ts";
import { logDenied, logEvent } from "../report/haproxy.ts";
import { createLog } from "../report/log.ts";
import { createMetrics, serve } from "../report/server.ts";
import { openS3 } from "../s3/source.ts";
import { fileSource } from "../source.ts";
import { createAgent } from "./agent.ts";
import { createDocuments } from "./documents.ts";
import { certificateEnds, createIdentities, identityReader, readIdentity } from "./identity.ts";
import type { Loaded } from "./state.ts";
import { createEnded, createKeeper, loadEnded, loadLineage, lostLineage } from "./state.ts";

const DOCUMENT = "/etc/portico/document/document.json";
const IDENTITY = "/etc/portico/identity";
const STATE = "/var/lib/portico/state.json";
/** The whitelist's entries that have ended. */
const ENDED = "/var/lib/portico/ended.json";
const COPY = "/var/lib/portico/document.json";
/** What sshd reads, and what its starter writes. */
const SSH = { folder: "/run/ssh", sessions: "/run/tunnel/sessions" };
const REPORT = "/agent/report/applied.json";
const PORT = 8405;

const clock = () => performance.now();
const first = await readIdentity(IDENTITY);
const { portal, source } = first;
const { log, exit } = createLog(portal);
for (const fault of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(fault, (error: unknown) => {
    log.fatal({ err: error, alarm: true }, "The agent has a bug, and starts anew");
    void exit(1);
  });
}
const s3 = source && (await openS3(source, clock, log));

const lineage = await historyOf(await loadLineage(STATE, clock()));
if (lineage?.lost !== undefined) {
  log.error({ alarm: true }, `No new leader is served: ${lineage.lost}`);
}

const haproxy = createHaproxy({
  adminSocket: "/run/haproxy/admin.sock",
  masterSocket: "/run/haproxy/master.sock",
  folder: "/var/lib/portico/haproxy",
  onEvent: (event) => {
    logEvent(log, event);
    agent.wake();
  },
  onGone: () => agent.wake(),
});

const ended = createEnded({
  known: await loadEnded(ENDED).catch((error: Error) => {
    log.error(
      { alarm: true },
      `Which whitelist entries have ended is not known from before: ${error.message}`,
    );
    return [];
  }),
  write: (text) => writeDurably(ENDED, text),
  log,
});

const tunnels = createTunnels({
  ...SSH,
  hostKey: () => readFile(join(IDENTITY, "ssh_host_key"), "utf8"),
  haproxy,
  log,
});

let nextCycle: NodeJS.Timeout | undefined;
const agent = createAgent({
  haproxy,
  log,
  clock,
  lineage,
  keep: createKeeper({ write: (text) => writeDurably(STATE, text), lineage, log }),
  ended,
  observe: (document, onChange) =>
    createObserver({
      ...{ document, clock, onChange, log },
      identity: identities.current(),
      highest: agent.lineage()?.highest,
    }),
  authorize,
  onCycle: () => {
    void report(false);
    clearTimeout(nextCycle);
    nextCycle = setTimeout(agent.wake, agent.pause());
  },
});

const identities = createIdentities({
  first,
  read: identityReader(IDENTITY, first),
  haproxy,
  log,
  onChange: agent.refreshIdentity,
});

const metrics = createMetrics(agent.snapshot, () => certificateEnds(identities.current()));
const documents = createDocuments({
  source: s3?.source ?? fileSource(DOCUMENT),
  haproxy,
  log,
  clock,
  copy: COPY,
  ended,
  generation: () => agent.lineage()?.generation ?? 1,
  serve: agent.serve,
});

let tunnelTrouble = "";
let reported = "";
let reporting: Promise<void> = Promise.resolve();

/** Writes the report, one after the other. Between two beats only if it says something new. */
function report(beat: boolean): Promise<void> {
  reporting = reporting.then(async () => {
    const applied = appliedOf(portal, agent.snapshot(), documents, Date.now());
    s3?.report(applied);
    const text = JSON.stringify({ ...applied, at: 0 });
    if (!beat && text === reported) return;
    reported = text;
    await writeApplied(REPORT, applied).catch((error: Error) => {
      log.error({ alarm: true }, `The report can't be written: ${error.message}`);
    });
  });
  return reporting;
}

async function historyOf(loaded: Loaded): Promise<Lineage | undefined> {
  if (loaded.kind === "none") return undefined;
  if (loaded.kind === "lineage") return loaded.lineage;
  return lostLineage(loaded.why, await readFile(COPY, "utf8").catch(() => undefined));
}

/** Puts the document's SSH keys in force, and says once why that failed. */
async function authorize(document: PortalDocument | undefined): Promise<void> {
  if (document === undefined) return;
  await tunnels.look(document).catch(({ message }: Error) => {
    if (message === tunnelTrouble) return;
    tunnelTrouble = message;
    log.error({ alarm: true }, `The keys of the SSH portal can't be put in force: ${message}`);
  });
}

/** Runs `work` again and again, `pause` milliseconds after it has ended. */
function every(pause: number, work: () => unknown): void {
  const run = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      log.error({ alarm: true }, (error as Error).message);
    }
    setTimeout(run, pause);
  };
  void run();
}

const server = await serve(
  {
    hasVerdict: agent.hasVerdict,
    vouches: agent.vouches,
    vouched: agent.vouched,
    status: () => ({
      ...appliedOf(portal, agent.snapshot(), documents, Date.now()),
      view: agent.snapshot()?.view,
    }),
    metrics: metrics.text,
  },
  PORT,
);
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    log.info("The agent stops; HAProxy goes on");
    server.close();
    void exit(0);
  });
}

await documents.restore();
agent.wake();
every(s3 ? 2000 : 500, documents.look);
every(2000, () => report(true));
every(500, () => authorize(agent.document()));
every(2000, identities.look);
every(1000, async () => logDenied(log, metrics, await haproxy.denied()));
