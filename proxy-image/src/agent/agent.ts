import type { Haproxy } from "../apply/haproxy.ts";
import type { PortalDocument } from "../contract.ts";
import { isSettled, judge } from "../judge/judge.ts";
import { keptBy } from "../judge/leader.ts";
import type { Lineage, Memory } from "../judge/memory.ts";
import { adopt } from "../judge/memory.ts";
import type { InForce } from "../judge/whitelist.ts";
import { whitelistDigest } from "../judge/whitelist.ts";
import type { Actual, Wanted, Whitelist } from "../model/haproxy.ts";
import type { Identity, Observer } from "../observe/observer.ts";
import { isSameSubject } from "../observe/observer.ts";
import { WAITING } from "../plan/names.ts";
import type { Command } from "../plan/plan.ts";
import { plan } from "../plan/plan.ts";
import type { Snapshot } from "../report/applied.ts";
import type { Log } from "../report/log.ts";
import type { Answers } from "../report/server.ts";
import type { Full, LogContext, LogLine } from "../report/verdict-log.ts";
import { describeChange, describeOccupancy } from "../report/verdict-log.ts";
import type { Ended } from "./state.ts";

/** The document that is served, and what watches its cluster. */
interface Service {
  readonly document: PortalDocument;
  readonly digest: string;
  readonly observer: Observer;
}

export interface AgentArgs {
  readonly haproxy: Haproxy;
  readonly log: Log;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
  /** What an earlier agent of this portal saw. */
  readonly lineage: Lineage | undefined;
  /** Told the history at every cycle, and never waited for: a disk that hangs must not stop the portal. */
  readonly keep: (lineage: Lineage) => void;
  readonly ended: Ended;
  /** Starts to watch a document's cluster. `onChange`: a verdict may change. */
  readonly observe: (document: PortalDocument, onChange: () => void) => Observer;
  /** Puts a document's SSH keys in force. Never rejects. */
  readonly authorize: (document: PortalDocument) => Promise<void>;
  /** Called after every cycle. */
  readonly onCycle: () => void;
}

export interface Agent extends Pick<Answers, "hasVerdict" | "vouches" | "vouched"> {
  /** From now on, this is the document of the portal. HAProxy's config stands for it already. */
  serve(document: PortalDocument, digest: string): Promise<void>;
  /** The document of the portal, from the moment when its SSH keys are put in force. */
  document(): PortalDocument | undefined;
  /** What is known of the cluster's history, by this agent or by an earlier one of this portal. */
  lineage(): Lineage | undefined;
  refreshIdentity(identity: Identity): void;
  /** Observe, judge, plan, apply: now, or right after the cycle that is under way. */
  wake(): void;
  /** Milliseconds from the last cycle to the next, if nothing wakes the agent sooner. */
  pause(): number;
  snapshot(): Snapshot | undefined;
}

/** A verdict is vouched for during this many milliseconds. */
const VOUCHED = 2000;
/** HAProxy gives an answer half a second. */
const DUE = 400;
/** From one cycle to the next while something is under way, and while nothing is: whatever can change a verdict wakes the agent. */
const PAUSE = { busy: 250, resting: 1000 } as const;
/** A cycle that is late by more than this was not run in time: everything that was seen counts as old. */
const STALL = 750;

/** The loop of the portal. It decides nothing: `judge` says what is true, `plan` what to do about it. */
export function createAgent({
  haproxy,
  log,
  clock,
  lineage,
  keep,
  ended,
  observe,
  authorize,
  onCycle,
}: AgentArgs): Agent {
  let document: PortalDocument | undefined;
  let service: Service | undefined;
  let memory: Memory | undefined;
  let logContext: LogContext = { cut: 0 };
  let full: Full = new Set();
  let snapshot: Snapshot | undefined;
  let inForce: InForce | undefined;
  let lookingSince = clock();
  let lastCycle = clock();
  let resting = false;
  let unreadable: string | undefined;
  let running = false;
  let again = false;
  const awaiting = new Set<() => void>();

  const wake = (): void => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    void cycle()
      .catch((error: unknown) => log.error({ err: error, alarm: true }, "The agent has a bug"))
      .finally(() => {
        running = false;
        onCycle();
        if (!again) return;
        again = false;
        setImmediate(wake);
      });
  };

  const cycle = async (): Promise<void> => {
    if (!service) return;
    const began = clock();
    if (began - lastCycle > pause() + STALL) lookingSince = began;
    lastCycle = began;
    resting = false;
    const actual = await read();
    const now = clock();
    const before = memory ?? (actual && adopt(service.document, lineage, actual, now));
    if (!before) return;
    memory = before;
    const wanted = conclude(service, before, actual, now);
    if (!wanted) return;
    keep(memory.lineage);
    const commands = actual ? plan(actual, wanted) : [];
    resting = actual !== undefined && commands.length === 0 && isSettledOn(actual, wanted);
    const cut = await apply(commands);
    const described = describeChange(logContext, before, memory, cut, clock());
    logContext = described.context;
    writeLines(described.lines);
  };

  /** From what is seen to what is wanted. Nothing when what is seen is too old to conclude from. */
  const conclude = (
    serving: Service,
    before: Memory,
    actual: Actual | undefined,
    now: number,
  ): Wanted | undefined => {
    const view = serving.observer.view(now);
    if (!isSettled(view, keptBy(before.gate), lookingSince, now)) return undefined;
    const verdict = judge(serving.document, before, view, now);
    memory = verdict.memory;
    const { endpoints } = verdict;
    const whitelist = listNow(serving.document, actual?.latest);
    const inForce =
      actual?.whitelist.kind === "known" && actual.whitelist.digest === whitelistDigest(whitelist);
    snapshot = { digest: serving.digest, memory, view, endpoints, at: now, inForce };
    for (const resume of awaiting) resume();
    awaiting.clear();
    return { endpoints, whitelist };
  };

  const read = async (): Promise<Actual | undefined> => {
    const reading = await haproxy.read();
    const why = reading.kind === "unreadable" ? reading.why : undefined;
    if (why !== undefined && why !== unreadable) {
      log.warn({ alarm: true }, `HAProxy can't be steered: ${why}`);
    }
    if (why === undefined && unreadable !== undefined) log.info("HAProxy answers again");
    unreadable = why;
    if (reading.kind !== "actual") return undefined;
    const described = describeOccupancy(full, reading.actual.capacities);
    full = described.full;
    writeLines(described.lines);
    return reading.actual;
  };

  const writeLines = (lines: readonly LogLine[]): void => {
    for (const { level, msg, facts } of lines) log[level](facts, msg);
  };

  const apply = async (commands: readonly Command[]): Promise<number> => {
    if (commands.length === 0) return 0;
    const applied = await haproxy.execute(commands);
    if (applied.kind === "applied") {
      return applied.cut.reduce((sum, { sessions }) => sum + sessions, 0);
    }
    log.error({ alarm: true, commands }, `HAProxy did not do what was planned: ${applied.why}`);
    return 0;
  };

  /** `latest`: of HAProxy's clock. What ended by it, while this agent was silent or dead, has ended. */
  const listNow = (document: PortalDocument, latest = 0): Whitelist => {
    const wall = Math.max(Date.now(), latest);
    const holds = inForce && wall >= inForce.from && wall < inForce.until;
    if (!inForce || !holds) inForce = ended.inForce(document, wall);
    return inForce.list;
  };

  const pause = (): number => {
    if (!resting) return PAUSE.busy;
    const left = (inForce?.until ?? Number.POSITIVE_INFINITY) - Date.now();
    return Math.min(PAUSE.resting, Math.max(PAUSE.busy, left));
  };

  const isFresh = (): boolean => snapshot !== undefined && clock() - snapshot.at < VOUCHED;

  const hasVerdict = async (): Promise<boolean> => {
    if (isFresh()) return true;
    await new Promise<void>((resolve) => {
      awaiting.add(resolve);
      setTimeout(() => {
        awaiting.delete(resolve);
        resolve();
      }, DUE).unref();
      wake();
    });
    return isFresh();
  };

  const vouchesNow = (endpoint: string, node: string): boolean => {
    const endpoints = snapshot?.endpoints ?? {};
    // Both names come from outside: "constructor" is no node.
    const found = Object.hasOwn(endpoints, endpoint) ? endpoints[endpoint] : undefined;
    if (found === undefined) return false;
    const { gate, slots } = found;
    if (node === WAITING) return gate !== "closed";
    return Object.hasOwn(slots, node) && slots[node] !== "cut";
  };

  return {
    serve: async (next, digest) => {
      document = next;
      // Before it is served, and so reported: who waits for the report may rely on the keys.
      await authorize(next);
      const before = service;
      const isSame = before !== undefined && isSameSubject(before.document, next);
      const observer = isSame ? before.observer : observe(next, wake);
      if (!isSame) {
        before?.observer.stop();
        lookingSince = clock();
      }
      service = { document: next, digest, observer };
      inForce = undefined;
      wake();
    },
    document: () => document,
    lineage: () => snapshot?.memory.lineage ?? lineage,
    refreshIdentity: (identity) => service?.observer.refreshIdentity(identity),
    wake,
    pause,
    snapshot: () => snapshot,
    hasVerdict,
    vouched: () =>
      isFresh()
        ? Object.entries(snapshot?.endpoints ?? {}).flatMap(([endpoint, { slots }]) =>
            [...Object.keys(slots), WAITING]
              .filter((node) => vouchesNow(endpoint, node))
              .map((node) => [endpoint, node] as const),
          )
        : [],
    vouches: async (endpoint, node) => {
      if (!(await hasVerdict())) return "unknown";
      return vouchesNow(endpoint, node) ? "yes" : "no";
    },
  };
}

/** Nothing is under way that ends by the passing of time alone: no hold, no sessions that drain, no worker from before a reload. */
function isSettledOn({ oldWorkers }: Actual, { endpoints }: Wanted): boolean {
  return (
    oldWorkers.length === 0 &&
    Object.values(endpoints).every(
      ({ gate, slots }) => gate === "open" && !Object.values(slots).includes("drain"),
    )
  );
}
