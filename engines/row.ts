import type { PortalDocument } from "../proxy-image/src/contract.ts";
import type { Clients } from "./client-form.ts";
import type { Connection } from "./uri.ts";

/** What the product knows about an engine before it runs. All that differs between engines on this side is in such a row. */
export interface EngineRow {
  /** What people call it. */
  readonly title: string;
  /** What a config may ask for; the first one is the default. */
  readonly versions: readonly string[];
  /** What its servers are, where that is not the engine's own name: for people, and to be honest about it. */
  readonly servedBy?: string;
  /** Names by which somebody might ask for it. */
  readonly alsoCalled?: readonly string[];
  /** What its node image runs in the engine's place. Absent: the engine itself. */
  readonly standIn?: string;
  /**
   * Where the stand-in is of our own, for trying clients on one machine: the source files of its programs below `engines/`, by the name of
   * what is made of each in the image's `dist`. It is never deployed to AWS.
   */
  readonly homeMade?: Readonly<Record<string, string>>;
  /**
   * All endpoints that the engine can have, in the order in which the local target gives out ports. Names of nodes are in
   * the order of their ordinals.
   */
  readonly endpoints: (nodes: readonly string[]) => readonly EndpointRow[];
  /** Groups of endpoints that a deployment has unless its config says otherwise. */
  readonly usual: readonly string[];
  /** `portal`: the portal ends TLS with a certificate of its own. `server`: bytes pass through, and servers hold certificates. */
  readonly tls: "portal" | "server";
  /** What a server's certificate is for, where that is more than to answer clients. */
  readonly serverUses?: readonly ("server_auth" | "client_auth")[];
  /** The port on which every node serves clients. */
  readonly server: number;
  /** Who may open a connection to a node, at which port. */
  readonly flows: readonly Flow[];
  readonly evidence: (deployment: string) => PortalDocument["evidence"];
  /** Keys of the config, of those that not every engine has, that mean something here. */
  readonly options: readonly Option[];
  /** MiB of a node's container: what it can't do without, and what it gets. */
  readonly memory: { readonly least: number; readonly usual: number };
  /** True where its processes meet in /dev/shm, which then follows `memory`. */
  readonly sharesMemory?: boolean;
  /**
   * Clients that a node of that memory, in MiB, takes at once, without what the cluster itself needs: the portals share them.
   * Absent: the portals know the engine's usual number.
   */
  readonly connections?: (memory: number) => number;
  /** The passwords that its nodes need, by what they are for. `app` is the clients'. */
  readonly passwords: readonly string[];
  /** What a portal logs in with, by what it is for: a user, and the use of the password. */
  readonly logins: Readonly<Record<string, { readonly user: string; readonly password: string }>>;
  /** Names that the cluster itself needs, so that no deployment may use them for its own user or database. */
  readonly taken: { readonly users: readonly string[]; readonly databases: readonly string[] };
  /** Characters that a user's name may have, where those are fewer than a config lets it have. */
  readonly longestUser?: number;
  /** A URI for `hosts[0]`, or for all hosts where the engine's usual client can take them. */
  readonly uri: (connection: Connection) => string;
  /** True where `uri` may name all portals. */
  readonly manyHosts: boolean;
  /** True where its node image's build downloads over TLS: then the build gets the authorities that this machine trusts. */
  readonly downloads?: boolean;
  /** The file that its command takes the password from. */
  readonly passwordFile: PasswordFile;
  /** How every client of it connects. */
  readonly clients: Clients;
  /** What a person types to connect, by a URI without a password: a command line is for everybody on the machine to see. */
  readonly command: (uri: string, files: CommandFiles) => string;
}

export interface PasswordFile {
  readonly name: string;
  readonly text: (user: string, password: string) => string;
}

/** Nothing but the password, for commands that read it themselves. */
export const plainPassword: PasswordFile = { name: "password", text: (_, password) => password };

/** Absolute paths. */
export interface CommandFiles {
  /** The deployment's authority. */
  readonly ca: string;
  /** `passwordFile`, which only its owner may read. */
  readonly password: string;
}

export interface EndpointRow {
  readonly name: string;
  /** What a config's `endpoints` calls it: its name, or `nodes` for one per node. */
  readonly group: string;
  readonly port: number;
  readonly route: PortalDocument["endpoints"][string]["route"];
  readonly node?: string;
}

/** What machines of a deployment say to each other. */
export interface Flow {
  readonly from: "portals" | "nodes";
  readonly port: number;
  readonly what: string;
}

export const OPTIONS = ["durability", "database", "user", "maxLag"] as const;
export type Option = (typeof OPTIONS)[number];
