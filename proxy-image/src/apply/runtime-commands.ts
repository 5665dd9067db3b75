import { LOBBY, lobbyOf } from "../plan/names.ts";

/** HAProxy's runtime commands, one function each. Every value goes through `argument`. */
export type Admin = "ready" | "drain" | "maint";

export const setServerState = (backend: string, server: string, state: Admin): string =>
  `set server ${argument(backend)}/${argument(server)} state ${state}`;

export const shutdownServerSessions = (backend: string, server: string): string =>
  `shutdown sessions server ${argument(backend)}/${argument(server)}`;

export const shutdownSession = (id: string): string => `shutdown session ${argument(id)}`;

/** A frontend at which clients are held, and how many connections it takes otherwise. */
export interface Stop {
  readonly frontend: string;
  readonly limit: number;
}

/**
 * Parks new clients: `stops` are the frontends at which that is done. 0 stops accept(); any other value than 0 would let clients
 * through one at a time. Where one of them is a lobby, the endpoint's own frontend goes on with TLS and sends everybody into it.
 */
export const stopAccepting = (endpoint: string, stops: readonly Stop[]): readonly string[] => [
  ...stops.map(({ frontend }) => setMaxconn(frontend, 0)),
  ...stateOfLobby(endpoint, stops, "ready"),
];

export const resumeAccepting = (endpoint: string, stops: readonly Stop[]): readonly string[] => [
  ...stops.map(({ frontend, limit }) => setMaxconn(frontend, limit)),
  ...stateOfLobby(endpoint, stops, "maint"),
];

const setMaxconn = (frontend: string, limit: number): string =>
  `set maxconn frontend ${argument(frontend)} ${limit}`;

const stateOfLobby = (endpoint: string, stops: readonly Stop[], state: Admin) =>
  stops.some(({ frontend }) => frontend === lobbyOf(endpoint))
    ? [setServerState(lobbyOf(endpoint), LOBBY, state)]
    : [];

export const wait = (seconds: number): string => `wait ${Math.ceil(seconds)}s`;

export const prepareMap = (map: string): string => `prepare map ${argument(map)}`;
export const clearMap = (map: string, version: number): string =>
  `clear map @${version} ${argument(map)}`;
export const addToMap = (map: string, version: number, key: string, value: number): string =>
  `add map @${version} ${argument(map)} ${argument(key)} ${value}`;
export const commitMap = (map: string, version: number): string =>
  `commit map @${version} ${argument(map)}`;

export const showTable = (table: string): string => `show table ${argument(table)}`;

/** The statistics of all frontends, and of nothing else. */
export const showFrontends = "show stat -1 1 -1";

/** Sent to the master, for one worker. There is no other way to an old worker. */
export const toWorker = (pid: number, command: string): string => `@!${pid} ${command}`;

/** A PEM as a command's payload: an empty line would end it early. */
export const setCertificate = (file: string, pem: string): string =>
  `set ssl cert ${argument(file)} <<\n${pem
    .replace(/\r/g, "")
    .replace(/\n{2,}/g, "\n")
    .trim()}\n`;
export const commitCertificate = (file: string): string => `commit ssl cert ${argument(file)}`;
export const abortCertificate = (file: string): string => `abort ssl cert ${argument(file)}`;

/** A value that HAProxy's command line would read as more than one argument. */
export class UnsafeArgument extends Error {
  override readonly name = "UnsafeArgument";

  constructor(value: string) {
    super(`${JSON.stringify(value.slice(0, 80))} can't be said on HAProxy's command line`);
  }
}

/** Lets through what is one argument there: no newline, `;`, space, quote, escape or payload mark. Throws UnsafeArgument. */
function argument(value: string): string {
  if (!/^[A-Za-z0-9_.:/#@-]+$/.test(value)) throw new UnsafeArgument(value);
  return value;
}
