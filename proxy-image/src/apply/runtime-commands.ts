import { LOBBY, lobbyOf } from "../plan/names.ts";

/** HAProxy's words, one function a command. Every value goes through `word`. */
export type Admin = "ready" | "drain" | "maint";

export const setServerState = (backend: string, server: string, state: Admin): string =>
  `set server ${word(backend)}/${word(server)} state ${state}`;

export const shutdownServerSessions = (backend: string, server: string): string =>
  `shutdown sessions server ${word(backend)}/${word(server)}`;

export const shutdownSession = (id: string): string => `shutdown session ${word(id)}`;

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

export const goOnAccepting = (endpoint: string, stops: readonly Stop[]): readonly string[] => [
  ...stops.map(({ frontend, limit }) => setMaxconn(frontend, limit)),
  ...stateOfLobby(endpoint, stops, "maint"),
];

const setMaxconn = (frontend: string, limit: number): string =>
  `set maxconn frontend ${word(frontend)} ${limit}`;

const stateOfLobby = (endpoint: string, stops: readonly Stop[], state: Admin) =>
  stops.some(({ frontend }) => frontend === lobbyOf(endpoint))
    ? [setServerState(lobbyOf(endpoint), LOBBY, state)]
    : [];

export const wait = (seconds: number): string => `wait ${Math.ceil(seconds)}s`;

export const prepareMap = (map: string): string => `prepare map ${word(map)}`;
export const clearMap = (map: string, version: number): string =>
  `clear map @${version} ${word(map)}`;
export const addToMap = (map: string, version: number, key: string, value: number): string =>
  `add map @${version} ${word(map)} ${word(key)} ${value}`;
export const commitMap = (map: string, version: number): string =>
  `commit map @${version} ${word(map)}`;

export const showTable = (table: string): string => `show table ${word(table)}`;

/** The statistics of all frontends, and of nothing else. */
export const showFrontends = "show stat -1 1 -1";

/** Said to the master, heard by one worker. An old worker takes no other way. */
export const toWorker = (pid: number, command: string): string => `@!${pid} ${command}`;

/** A PEM as a command's payload: an empty line would end it early. */
export const setCertificate = (file: string, pem: string): string =>
  `set ssl cert ${word(file)} <<\n${pem
    .replace(/\r/g, "")
    .replace(/\n{2,}/g, "\n")
    .trim()}\n`;
export const commitCertificate = (file: string): string => `commit ssl cert ${word(file)}`;
export const abortCertificate = (file: string): string => `abort ssl cert ${word(file)}`;

/** A value that HAProxy's command line would read as more than one word. */
export class UnsafeWord extends Error {
  override readonly name = "UnsafeWord";

  constructor(value: string) {
    super(`${JSON.stringify(value.slice(0, 80))} can't be said on HAProxy's command line`);
  }
}

/** Lets through what is one word there: no newline, `;`, space, quote, escape or payload mark. Throws UnsafeWord. */
function word(value: string): string {
  if (!/^[A-Za-z0-9_.:/#@-]+$/.test(value)) throw new UnsafeWord(value);
  return value;
}
