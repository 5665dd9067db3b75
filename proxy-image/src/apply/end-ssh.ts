import type { OldWorker } from "../plan/actual.ts";
import { frontendOf, SSH } from "../plan/names.ts";
import { endSessions } from "./end-sessions.ts";
import type { Session } from "./read-sessions.ts";

/** A connection to the SSH portal, by the end that its client has. */
export interface Client {
  readonly source: string;
  readonly port: number;
}

/** Ends the SSH sessions of these clients. sshd sees its client leave, and takes its tunnels along. */
export async function endSsh(
  sockets: { readonly adminSocket: string; readonly masterSocket: string },
  oldWorkers: readonly OldWorker[],
  clients: readonly Client[],
): Promise<readonly Client[]> {
  const meant = new Set(clients.map(nameOf));
  const isMeant = (session: Session): boolean =>
    session.frontend === frontendOf(SSH) &&
    session.state === "established" &&
    meant.has(nameOf(session));
  const ended = [...(await endSessions({ socket: sockets.adminSocket, chosen: isMeant }))];
  for (const { pid } of oldWorkers)
    ended.push(
      ...(await endSessions({ socket: sockets.masterSocket, chosen: isMeant, oldWorker: pid })),
    );
  return ended;
}

const nameOf = ({ source, port }: Client): string => `${source} ${port}`;
