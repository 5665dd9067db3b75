import type { PortalDocument } from "../contract.ts";
import type { ActualEndpoint, SshClient } from "../model/haproxy.ts";
import { FRONTEND_MAXCONN, frontendOf, LAYOUT, SSH } from "../plan/names.ts";
import type { Command, Pems } from "../plan/plan.ts";
import { createCertificates } from "./certificate.ts";
import { configure, limitsIn } from "./configure.ts";
import { endSsh } from "./end-sessions.ts";
import { createHolds } from "./hold.ts";
import { createOldWorkers } from "./old-workers.ts";
import { createPresence } from "./presence.ts";
import type { Facts } from "./read-actual.ts";
import { READ_COMMANDS, readFacts } from "./read-actual.ts";
import { createRefusals } from "./refusals.ts";
import type {
  Applied,
  CertificateSet,
  Configured,
  Cut,
  DeniedReading,
  HaproxyEvent,
  Reading,
} from "./results.ts";
import type { Stop } from "./runtime-commands.ts";
import { sendChecked, sendOnce, withRuntimeSocket } from "./runtime-socket.ts";
import { createCutSlots, slotCommands } from "./slots.ts";
import { createWhitelist, createWhitelistFile } from "./whitelist.ts";

/** One HAProxy, through its runtime sockets. Nothing here decides, and nothing here throws. */
export interface Haproxy {
  /** What HAProxy is now. 1 to 2 ms. */
  read(): Promise<Reading>;
  /** Certificates that the running process is known to have. */
  certificates(): Partial<Pems>;
  /**
   * Carries out the commands, the only way in which HAProxy is changed: its configuration and certificates first; then old slots out, their
   * sessions ended, new slots in, in that order and within milliseconds. A whitelist swap goes on beside it, on a connection of its own, and is
   * reported by `onEvent`; so is the later look for sessions left on a cut slot. Plans don't wait for each other: a reload takes seconds.
   */
  execute(commands: readonly Command[]): Promise<Applied>;
  /** Refused connections since the last call, by endpoint and source. */
  denied(): Promise<DeniedReading>;
  /** Ends the connections that stay open, those that keep holds among them: a hold then has to be released by `execute`. */
  close(): void;
}

export interface HaproxyOptions {
  /** HAProxy's runtime socket, level admin. */
  readonly adminSocket: string;
  /** The master process's socket. */
  readonly masterSocket: string;
  /** Folder of haproxy.cfg and whitelist.map, which outlives the container. */
  readonly folder: string;
  /** The folder of the certificates, as haproxy.cfg names it, where it isn't the image's own. */
  readonly identity?: string;
  /** haproxy.cfg for a document, where it isn't the image's own. */
  readonly render?: (document: PortalDocument) => string;
  /** Told of what happens after `execute` has returned. Must not throw. */
  readonly onEvent: (event: HaproxyEvent) => void;
  /** The process that answered last may have ended: it is to be read again. Must not throw. */
  readonly onGone?: () => void;
}

/** How long a read or a batch of commands may take as a whole. Both take 1 to 2 ms. */
const DEADLINE_MS = 1_000;

export function createHaproxy(options: HaproxyOptions): Haproxy {
  const { adminSocket, masterSocket, onEvent } = options;
  const certificates = createCertificates(adminSocket, options.identity ?? LAYOUT.identity);
  const holds = createHolds(adminSocket, (endpoint, why) =>
    onEvent({ kind: "hold-failed", endpoint, why }),
  );
  const refusals = createRefusals(adminSocket);
  const cutSlots = createCutSlots(adminSocket, onEvent);
  const oldWorkers = createOldWorkers(masterSocket);
  const file = createWhitelistFile(options.folder);
  const whitelist = createWhitelist({ adminSocket, masterSocket, file, onEvent });
  const presence = createPresence(adminSocket, options.onGone ?? (() => {}));
  let facts: Facts | undefined;
  let limits: ReadonlyMap<string, number> | undefined;

  const read = async (): Promise<Reading> => {
    const [reply] = await Promise.all([
      sendOnce(adminSocket, READ_COMMANDS, { deadlineMs: DEADLINE_MS }),
      oldWorkers.refresh(false),
    ]);
    if (reply.kind === "failed") return { kind: "unreadable", why: reply.why };
    const now = readFacts(reply.blocks, file.path);
    if (typeof now === "string") return { kind: "unreadable", why: now };
    if (facts !== undefined && facts.worker !== now.worker) {
      certificates.doubt();
      await oldWorkers.refresh(true);
    }
    facts = now;
    presence.of(now.worker);
    const endpoints = Object.entries(now.endpoints).map(
      ([name, { frontend, ...rest }]): [string, ActualEndpoint] => [
        name,
        { ...rest, frontend: frontend === "held" ? holds.state(name) : frontend },
      ],
    );
    return {
      kind: "actual",
      actual: {
        worker: now.worker,
        endpoints: Object.fromEntries(endpoints),
        whitelist: whitelist.state(now.worker, now.map.current),
        oldWorkers: oldWorkers.known(),
        capacities: now.capacities,
        ...(now.latest !== undefined && { latest: now.latest }),
      },
    };
  };

  const execute = async (commands: readonly Command[]): Promise<Applied> => {
    const started = performance.now();
    const elapsed = (): number => Math.round((performance.now() - started) * 10) / 10;
    try {
      const configured = await configureBy(commands);
      const certificatesSet = await setCertificates(commands);
      for (const command of commands) startBeside(command);
      const cut = await steer(adminSocket, commands, stopsOf, cutSlots.end);
      const ms = elapsed();
      // Only now: should the agent freeze before HAProxy has received the release, the hold still ends by itself.
      for (const command of commands)
        if (command.kind === "release") holds.forget(command.endpoint);
      cutSlots.lookLater(cut);
      const old = await Promise.all(commands.map(cutInOldWorker));
      const endedSsh = await endSshOf(commands);
      return {
        ...{ kind: "applied", ms, cut: [...cut, ...old.flat()], endedSsh },
        ...{ certificates: certificatesSet, ...(configured && { configured }) },
      };
    } catch (error) {
      return { kind: "failed", why: (error as Error).message, ms: elapsed() };
    }
  };

  const configureBy = async (commands: readonly Command[]): Promise<Configured | undefined> => {
    const command = commands.find(({ kind }) => kind === "configure");
    if (command?.kind !== "configure") return undefined;
    const { document, whitelist: list, why } = command;
    return configure({ ...options, file }, document, list, why).finally(() => {
      limits = undefined;
    });
  };

  const setCertificates = async (
    commands: readonly Command[],
  ): Promise<readonly CertificateSet[]> => {
    const results: CertificateSet[] = [];
    for (const command of commands)
      if (command.kind === "setCertificate")
        results.push(...(await certificates.set(command.what, command.pem)));
    return results;
  };

  const endSshOf = async (commands: readonly Command[]): Promise<readonly SshClient[]> => {
    const clients = commands.flatMap((command) =>
      command.kind === "endSsh" ? command.clients : [],
    );
    return clients.length === 0 ? [] : endSsh(options, oldWorkers.known(), clients);
  };

  const stopsOf = (endpoint: string): readonly Stop[] => {
    limits ??= limitsIn(options.folder);
    const known = limits;
    const frontends = facts?.stops.get(endpoint) ?? [frontendOf(endpoint)];
    return frontends.map((frontend) => ({
      frontend,
      limit: known.get(frontend) ?? FRONTEND_MAXCONN,
    }));
  };

  const startBeside = (command: Command): void => {
    if (command.kind === "hold") holds.start(command.endpoint, stopsOf(command.endpoint));
    else if (command.kind === "setWhitelist") {
      const { worker = "", tunnels = false } = facts ?? {};
      void whitelist.put(command.list, command.digest, worker, oldWorkers.known(), tunnels);
    } else cutSlots.note(command);
  };

  const cutInOldWorker = async (command: Command): Promise<readonly Cut[]> => {
    if (command.kind !== "cutOldWorker") return [];
    const { endpoint, node } = command;
    return [{ endpoint, node, sessions: await oldWorkers.cut(command) }];
  };

  return {
    read,
    execute,
    denied: async () => {
      if (facts === undefined) return { kind: "unreadable", why: "HAProxy has not been read yet" };
      const { endpoints, tunnels, worker } = facts;
      return refusals.look([...Object.keys(endpoints), ...(tunnels ? [SSH] : [])], worker);
    },
    certificates: certificates.inUse,
    close: () => {
      presence.close();
      holds.close();
    },
  };
}

/**
 * Tells HAProxy about frontends and slots, and gives the slots that were cut, with how many of their sessions have ended. The last
 * sessions are ended and the new slot is opened in one line: nothing comes between.
 */
function steer(
  socket: string,
  commands: readonly Command[],
  stopsOf: (endpoint: string) => readonly Stop[],
  end: ReturnType<typeof createCutSlots>["end"],
): Promise<readonly Cut[]> {
  const { before, cut, after } = slotCommands(commands, stopsOf);
  if (before.length + cut.length + after.length === 0) return Promise.resolve([]);
  return withRuntimeSocket(socket, { deadlineMs: DEADLINE_MS }, async (send) => {
    if (cut.length === 0) {
      await sendChecked(send, [...before, ...after]);
      return [];
    }
    await sendChecked(send, ["prompt", ...before]);
    return end(send, cut, after);
  });
}
