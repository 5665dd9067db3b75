import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { removeAll } from "./containers.ts";
import { type Contender, startContenders } from "./contenders.ts";
import type { Facts } from "./facts.ts";
import { measureEvent } from "./measure-event.ts";
import { Probe } from "./probe.ts";
import { prepareRows, removeRows, rowsOf } from "./rows.ts";
import type { Event, EventKind } from "./seen.ts";
import { type Versions, versionsOf } from "./versions.ts";
import { type Load, Writer } from "./writers.ts";

/**
 * Enough to see the milliseconds, little enough to leave two cores time for the cluster: the four contenders together
 * connect 80 times a second and write 240 rows a second.
 */
const LOAD: Load = { sessions: 2, paceMs: 50, connectors: 2, connectPaceMs: 100, pauseMs: 100 };

export interface Measured {
  readonly load: Load;
  readonly versions: Versions;
  readonly contenders: readonly Contender[];
  readonly events: readonly Event[];
  /** By contender: the ids that the surviving leader has after all events. */
  readonly rows: Readonly<Record<string, ReadonlySet<string>>>;
  /** Why there are fewer events than were asked for. */
  readonly cutShort: string | null;
}

export interface Course {
  readonly kinds: readonly EventKind[];
  /** Called after each event. */
  readonly onEvent: (event: Event) => void;
  /** Ends the measurement after the event that is being measured. */
  readonly signal: AbortSignal;
}

/** Measures all contenders side by side, one event after the other. */
export async function measure(facts: Facts, course: Course): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), "portico-bench-"));
  try {
    const login = await prepareRows(facts);
    const contenders = await startContenders(facts, folder);
    const versions = await versionsOf(facts);
    const measured = await measureAll(facts, contenders, login, course);
    const rows: Record<string, ReadonlySet<string>> = {};
    for (const { key } of contenders) rows[key] = await rowsOf(facts, key);
    await removeRows(facts);
    return { load: LOAD, versions, contenders, rows, ...measured };
  } finally {
    await removeAll();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureAll(
  facts: Facts,
  contenders: readonly Contender[],
  login: string,
  { kinds, onEvent, signal }: Course,
): Promise<Pick<Measured, "events" | "cutShort">> {
  const probe = await Probe.start(facts, login);
  const writers: Record<string, Writer> = {};
  for (const contender of contenders)
    writers[contender.key] = await Writer.start(contender, login, LOAD);
  const events: Event[] = [];
  try {
    for (const [index, kind] of kinds.entries()) {
      signal.throwIfAborted();
      const event = await measureEvent({ facts, probe, writers }, kind, index + 1);
      events.push(event);
      onEvent(event);
    }
    return { events, cutShort: null };
  } catch (error) {
    return { events, cutShort: (error as Error).message };
  } finally {
    for (const run of [probe, ...Object.values(writers)]) run.end();
  }
}
