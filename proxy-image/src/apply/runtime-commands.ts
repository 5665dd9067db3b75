import { FRONTEND_MAXCONN, frontendOf } from "../plan/names.ts";
import { word } from "./word.ts";

/** HAProxy's words, one function a command. Every value goes through `word`. */
export type Admin = "ready" | "drain" | "maint";

export const setServerState = (backend: string, server: string, state: Admin): string =>
  `set server ${word(backend)}/${word(server)} state ${state}`;

export const shutdownServerSessions = (backend: string, server: string): string =>
  `shutdown sessions server ${word(backend)}/${word(server)}`;

export const shutdownSession = (id: string): string => `shutdown session ${word(id)}`;

/** 0 stops accept(); any other value than 0 would let clients through one at a time. */
export const stopAccepting = (endpoint: string): string =>
  `set maxconn frontend ${word(frontendOf(endpoint))} 0`;

export const goOnAccepting = (endpoint: string): string =>
  `set maxconn frontend ${word(frontendOf(endpoint))} ${FRONTEND_MAXCONN}`;

export const wait = (seconds: number): string => `wait ${Math.ceil(seconds)}s`;

export const prepareAcl = (file: string): string => `prepare acl ${word(file)}`;
export const clearAcl = (acl: string, version: number): string =>
  `clear acl @${version} ${word(acl)}`;
export const addAcl = (acl: string, version: number, entry: string): string =>
  `add acl @${version} ${word(acl)} ${word(entry)}`;
export const commitAcl = (acl: string, version: number): string =>
  `commit acl @${version} ${word(acl)}`;

/** Only the sources that tried in the last 10 seconds: the table keeps 10 minutes. */
export const showRecent = (table: string): string =>
  `show table ${word(table)} data.conn_rate gt 0`;

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
