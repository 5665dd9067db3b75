import type { Exchanged } from "../../../observe/exchange.ts";
import { holdConnection } from "./held-connection.ts";
import type { Negotiated } from "./negotiation.ts";
import type { Address } from "./port-probe.ts";
import { probePort } from "./port-probe.ts";

export interface PortWatchArgs extends Address {
  /** True while there is a reason to ask. */
  readonly isSuspect: () => boolean;
  /** False while PostgreSQL may be shutting down: then no connection is to be held open. */
  readonly mayHold: () => boolean;
  /** The node closed the connection that was held open. */
  readonly onClosed: (why: string) => void;
  readonly onProbed: (kind: Finding["kind"], why: string) => void;
}

export interface Finding {
  readonly kind: "open" | "closed" | "silent";
  readonly why: string;
}

export interface PortWatch {
  /** Looks whether there is a reason to ask, and asks. */
  check(): void;
  stop(): void;
}

const DEADLINE_MS = 200;
const EVERY_MS = 250;
/** After this many probes in a row, it is asked more rarely. */
const SOON = 20;
const LATER_MS = 1000;
const MISSES = 2;

/** Notices at once when PostgreSQL dies, and asks its port only while there is doubt. */
export function watchPort(args: PortWatchArgs): PortWatch {
  const { isSuspect, onClosed, onProbed } = args;
  let stopped = false;
  let busy = false;
  let misses = 0;
  let probes = 0;
  let timer: NodeJS.Timeout | undefined;

  const probe = async (): Promise<void> => {
    const probed = await probePort(args, DEADLINE_MS);
    if (stopped) return;
    probes += 1;
    misses = probed.kind === "silent" ? misses + 1 : 0;
    const { kind, why } = findingOf(probed);
    if (kind !== "silent" || misses >= MISSES) onProbed(kind, why);
    const rest = misses === 1 ? 0 : probes < SOON ? EVERY_MS : LATER_MS;
    timer = setTimeout(() => {
      busy = false;
      check();
    }, rest);
  };

  const check = (): void => {
    if (stopped || busy) return;
    if (!isSuspect()) {
      probes = 0;
      misses = 0;
      return;
    }
    busy = true;
    void probe();
  };

  const held = holdConnection({
    ...args,
    onClosed(why) {
      onClosed(why);
      check();
    },
  });
  return {
    check,
    stop() {
      stopped = true;
      clearTimeout(timer);
      held.stop();
    },
  };
}

function findingOf(probed: Exchanged<Negotiated>): Finding {
  if (probed.kind !== "answer") return { kind: probed.kind, why: `PostgreSQL ${probed.why}` };
  const { answer } = probed;
  if (answer.kind === "other") return { kind: "closed", why: answer.why };
  return { kind: "open", why: "PostgreSQL answers" };
}
