import type { DeniedReading, HaproxyEvent, Revoked } from "../apply/results.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./server.ts";

type EventLog = Pick<Log, "info" | "warn" | "error">;

/** Sources that get a line of their own in one report; a flood from more is logged as a sum. */
const MOST_LINES = 50;

/** Logs who was refused since the last report, at most a second after it happened. */
export function logDenied(log: Log, metrics: Metrics, reading: DeniedReading): void {
  if (reading.kind === "unreadable") return;
  const { sources, others } = reading;
  for (const { endpoint, count } of [...sources, ...others]) metrics.refused(endpoint, count);
  const most = [...sources].sort((a, b) => b.count - a.count);
  for (const { endpoint, source, count } of most.slice(0, MOST_LINES)) {
    const times = count === 1 ? "1 connection" : `${count} connections`;
    const facts = { endpoint, source, count, reason: "not on the whitelist" };
    log.warn(facts, `${times} from ${source} to ${endpoint} refused: not on the whitelist`);
  }
  const rest = most.slice(MOST_LINES);
  const count = [...rest, ...others].reduce((sum, { count: each }) => sum + each, 0);
  if (count === 0) return;
  const facts = { sources: rest.length, count, reason: "not on the whitelist" };
  const from = others.length > 0 ? `more than ${rest.length}` : `${rest.length}`;
  log.warn(facts, `${count} connections from ${from} more sources refused: not on the whitelist`);
}

/** Logs what HAProxy did beside a cycle. */
export function logEvent(log: EventLog, event: HaproxyEvent): void {
  switch (event.kind) {
    case "whitelist-in-force": {
      const { entries, ms, revoked } = event;
      log.info({ entries, ms }, `The whitelist is in force: ${entries} entries`);
      logRevoked(log, revoked);
      return;
    }
    case "late-revoked":
      logRevoked(log, event.revoked);
      return;
    case "whitelist-failed": {
      const what = event.inForce
        ? "The whitelist is in force, and can't be kept for a restart"
        : "The whitelist could not be changed";
      log.error({ alarm: true }, `${what}: ${event.why}`);
      return;
    }
    case "leftover-cut": {
      const { endpoint, node, sessions } = event;
      log.warn(
        { endpoint, node, sessions },
        `sessions left on ${node} after it was taken out have been ended: ${sessions}`,
      );
      return;
    }
    case "hold-failed":
      log.error({ alarm: true }, `${event.endpoint} could not be held: ${event.why}`);
      return;
    default:
      event satisfies never;
  }
}

function logRevoked(log: EventLog, revoked: readonly Revoked[]): void {
  for (const { endpoint, source, sessions } of revoked) {
    const msg = `${sessions} sessions of ${source} on ${endpoint} are cut: no longer on the whitelist`;
    log.warn({ endpoint, source, sessions }, msg);
  }
}
