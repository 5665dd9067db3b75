import { performance } from "node:perf_hooks";

import { createAgent } from "./agent.ts";
import type { Pems } from "./apply/haproxy.ts";
import { createHaproxy } from "./apply/haproxy.ts";
import { createDocuments } from "./documents.ts";
import type { PortalIdentity } from "./identity.ts";
import { readIdentity, sameIdentity } from "./identity.ts";
import type { Observer } from "./observe/observer.ts";
import { createObserver, isSameSubject } from "./observe/observer.ts";
import { appliedOf, writeApplied } from "./report/applied.ts";
import { sayDenied, sayEvent } from "./report/haproxy.ts";
import { createLog } from "./report/log.ts";
import { createMetrics } from "./report/metrics.ts";
import { serve } from "./report/server.ts";
import { openS3 } from "./s3/open.ts";
import { fileSource } from "./source.ts";
import { formatLineage, loadLineage, writeDurably } from "./state.ts";

const DOCUMENT = "/etc/portico/document/document.json";
const IDENTITY = "/etc/portico/identity";
const STATE = "/var/lib/portico/state.json";
const COPY = "/var/lib/portico/document.json";
const REPORT = "/report/applied.json";
const PORT = 8405;

const clock = () => performance.now();
let identity = await readIdentity(IDENTITY);
const log = createLog(identity.portal);
const s3 = identity.source && (await openS3(identity.source, clock, log));

const loaded = await loadLineage(STATE, clock());
if (loaded.kind === "unreadable") {
  log.error({ alarm: true }, `What this portal saw before can't be read: ${loaded.why}`);
}
const lineage = loaded.kind === "lineage" ? loaded.lineage : undefined;
let keptLineage = lineage ? formatLineage(lineage) : "";

const haproxy = createHaproxy({
  adminSocket: "/run/haproxy/admin.sock",
  masterSocket: "/run/haproxy/master.sock",
  folder: "/var/lib/portico/haproxy",
  onEvent: (event) => {
    sayEvent(log, event);
    agent.wake();
  },
});

const agent = createAgent({
  haproxy,
  log,
  clock,
  lineage,
  keep: async (grown) => {
    const text = formatLineage(grown);
    if (text === keptLineage) return;
    await writeDurably(STATE, text).then(
      () => {
        keptLineage = text;
      },
      (error: Error) => log.error({ alarm: true }, `The epoch can't be kept: ${error.message}`),
    );
  },
  onCycle: () => void report(false),
});

const metrics = createMetrics(agent.snapshot);
const documents = createDocuments({
  source: s3?.source ?? fileSource(DOCUMENT),
  haproxy,
  log,
  copy: COPY,
  generation: () => agent.snapshot()?.memory.lineage.generation ?? lineage?.generation ?? 1,
  serve: (document, digest) => {
    const before = agent.snapshot()?.service ?? served;
    const observer =
      before && isSameSubject(before.document, document) ? before.observer : observe(document);
    if (before && before.observer !== observer) before.observer.stop();
    served = { document, digest, observer };
    agent.serve(served);
  },
});
let served: Parameters<typeof agent.serve>[0] | undefined;

function observe(document: Parameters<typeof isSameSubject>[0]): Observer {
  const { highest } = agent.snapshot()?.memory.lineage ?? lineage ?? {};
  return createObserver({ document, identity, clock, highest, onChange: agent.wake, log });
}

let reported = "";
let reporting: Promise<void> = Promise.resolve();

/** Writes the report, one after the other. Between two beats only if it says something new. */
function report(beat: boolean): Promise<void> {
  reporting = reporting.then(async () => {
    const { portal } = identity;
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

async function refreshIdentity(): Promise<void> {
  const next = await readIdentity(IDENTITY);
  if (sameIdentity(identity, next)) return;
  identity = next;
  served?.observer.refreshIdentity(identity);
  for (const { what, done } of await haproxy.replaceCertificates(pemsOf(identity))) {
    if (done.kind === "failed")
      log.error({ alarm: true }, `The new ${what} certificate is refused: ${done.why}`);
    else log.info(`The portal's ${what} certificate is replaced`);
  }
}

function pemsOf({ cert, key, server }: PortalIdentity): Pems {
  return { client: `${cert}\n${key}`, server };
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
    vouches: agent.vouches,
    status: () => ({
      ...appliedOf(identity.portal, agent.snapshot(), documents, Date.now()),
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
    process.exit(0);
  });
}

await haproxy.replaceCertificates(pemsOf(identity));
await documents.restore();
every(250, agent.wake);
every(s3 ? 2000 : 300, documents.look);
every(2000, () => report(true));
every(2000, refreshIdentity);
every(1000, async () => sayDenied(log, metrics, await haproxy.denied()));
