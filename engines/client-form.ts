import type { Connection, Host } from "./uri.ts";

/** What a client needs to know of one endpoint. */
export interface Access extends Connection {
  readonly deployment: string;
  /** Seconds that a client must be ready to wait: longer than the portal holds a new connection. */
  readonly patience: number;
  /** Of engines whose drivers choose a node themselves. */
  readonly addressMap?: Readonly<Record<string, string>>;
}

/** The clients of an engine. Outputs, `npx portico connect`, docs/clients.md and the tests take them from here. */
export interface Clients {
  readonly forms: readonly ClientForm[];
  /** What all of them have in common, for docs/clients.md, whose other parts are `notes` and what a run has seen. */
  readonly about?: string;
  /** By client. */
  readonly notes?: Readonly<Record<string, Note>>;
}

/** What is known of one client beside its form. */
export interface Note {
  /** Why it hasn't been tried. */
  readonly untried?: string;
  /** How it is run, where that isn't among the libraries. */
  readonly typed?: string;
  /** Sentences. */
  readonly traps?: readonly string[];
}

export const AS_PRINTED = "run by a test as `npm start` prints it";
export const AS_PRINTED_AND_BY_FORM = `${AS_PRINTED}, and by this form`;

/** How one client library connects. */
export interface ClientForm {
  /** By this name `npx portico connect` and the outputs know it. */
  readonly client: string;
  /** What people call it. */
  readonly title: string;
  readonly language:
    | "shell"
    | "connection string"
    | "python"
    | "javascript"
    | "go"
    | "java"
    | "csharp"
    | "rust";
  /** What to paste: one string that the client takes as it is, or at most six lines of code. */
  readonly form: (access: Access) => string;
  /**
   * How the client takes a connection string: in its own language, with `form` for the string. Absent: it is code already, as where a
   * time-out isn't in the string, since only `form` knows how long that must be.
   */
  readonly takes?: string;
  /** Packages that the code needs, in languages whose editors add imports by themselves. */
  readonly imports?: readonly string[];
  /** It takes the authority from a PKCS #12 file: Java reads no PEM there. */
  readonly trustStore?: true;
  /** It names every portal; otherwise the first one alone. */
  readonly allPortals?: true;
}

/** Seconds beyond the portal's hold that a client goes on waiting. */
const LONGER_THAN_A_HOLD = 10;

export const patienceOf = (hold: number): number => hold + LONGER_THAN_A_HOLD;

/** Of a file that holds one public certificate and no key, it protects nothing; Java wants one all the same. */
const STORE_PASSWORD = "changeit";

export const trustStoreOf = (caFile: string): string => caFile.replace(/(\.pem)?$/, ".p12");

/** Puts the authority's certificate where Java's clients look for it. */
export function saveTrustStore(caFile: string): string {
  const [pem, store] = [caFile, trustStoreOf(caFile)].map(shell);
  return `rm -f ${store} && keytool -importcert -noprompt -alias portico -file ${pem} -keystore ${store} -storetype PKCS12 -storepass ${STORE_PASSWORD}`;
}

export const storePassword = STORE_PASSWORD;

export const lines = (...all: readonly string[]): string => all.join("\n");

/** A string as JavaScript, Python, Go, Java and Rust write it. */
export const quoted = (text: string): string => JSON.stringify(text);

/** A word as a POSIX shell reads it. */
export function shell(text: string): string {
  return /^[\w./:@=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

export const first = ({ hosts }: Pick<Access, "hosts">): Host =>
  hosts[0] ?? { host: "localhost", port: 0 };

/** `user:password@`, and the database, as a URI has them. */
export function inUri({ user, password, database }: Access) {
  const [who, secret, what] = [user, password, database].map(encodeURIComponent);
  return { login: `${who}:${secret}@`, what };
}
