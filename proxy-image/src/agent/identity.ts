// Who the portal is: its certificates and logins, as infra mounts them, and how they are renewed while it runs.

import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Haproxy } from "../apply/haproxy.ts";
import type { Applied } from "../apply/results.ts";
import type { Identity } from "../observe/observer.ts";
import type { Pems } from "../plan/plan.ts";
import { planCertificates } from "../plan/plan.ts";
import type { Log } from "../report/log.ts";
import type { CertificateEnd } from "../report/server.ts";
import { S3Source } from "../s3/bucket.ts";

/** Who this portal is, to its cluster and to people. */
export interface PortalIdentity extends Identity {
  readonly portal: string;
  /** Where documents come from, if not from a file. Read when the agent starts. */
  readonly source: S3Source | undefined;
  /** PEM of the certificate that clients see where TLS ends at this portal, with its key. */
  readonly server: string | undefined;
}

const Portal = z.object({ name: z.string().min(1), source: S3Source.optional() });
const Logins = z.record(z.string(), z.object({ user: z.string(), password: z.string() }));

const FILES = [
  ...["portal.json", "secrets.json", "ca.crt", "client.crt", "client.key"],
  ...["server.crt", "server.key"],
];

/** Reads the folder anew where one of its files is another than before. `first`: what it was when it was read last. */
export function identityReader(
  folder: string,
  first: PortalIdentity,
): () => Promise<PortalIdentity> {
  let last = first;
  let seen = "";
  const markOf = async (name: string): Promise<string> => {
    const { ino, size, mtimeMs, ctimeMs } = await stat(join(folder, name));
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  };
  return async () => {
    const marks = await Promise.all(FILES.map((name) => markOf(name).catch(() => "none")));
    const mark = marks.join();
    if (mark === seen) return last;
    last = await readIdentity(folder);
    seen = mark;
    return last;
  };
}

/** Reads the folder that infra mounts. Rejects with a message that names the file. */
export async function readIdentity(folder: string): Promise<PortalIdentity> {
  const text = (name: string) => readFile(join(folder, name), "utf8");
  const [portal, logins, ca, cert, key, serverCert, serverKey] = await Promise.all([
    text("portal.json").then((json) => Portal.parse(JSON.parse(json))),
    text("secrets.json").then((json) => Logins.parse(JSON.parse(json))),
    text("ca.crt"),
    text("client.crt"),
    text("client.key"),
    text("server.crt").catch(() => undefined),
    text("server.key").catch(() => undefined),
  ]);
  const { name, source } = portal;
  const server = serverCert && serverKey ? `${serverCert}\n${serverKey}` : undefined;
  return { portal: name, source, ca, cert, key, logins, server };
}

/** True when nothing that a connection is made with differs. */
function sameIdentity(a: PortalIdentity, b: PortalIdentity): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

export interface IdentitiesArgs {
  readonly first: PortalIdentity;
  /** Reads what infra has mounted. */
  readonly read: () => Promise<PortalIdentity>;
  readonly haproxy: Pick<Haproxy, "certificates" | "execute">;
  readonly log: Pick<Log, "info" | "error">;
  readonly onChange: (identity: PortalIdentity) => void;
  /** Wall-clock milliseconds. */
  readonly wall?: () => number;
}

export interface Identities {
  current(): PortalIdentity;
  /** Looks whether infra has renewed something, and brings it to whom it concerns. */
  look(): Promise<void>;
}

const DAY_MS = 86_400_000;
/** `up` renews certificates in their last 90 days: nobody has run it for two months. */
const SOON_DAYS = 30;

/** A HAProxy that isn't there reads the new files when it starts. */
const ABSENT = /ECONNREFUSED|ENOENT/;

/** Follows renewed certificates and passwords. What HAProxy could not take at once it is offered at every look until it has it. */
export function createIdentities(args: IdentitiesArgs): Identities {
  const { first, read, haproxy, log, onChange, wall = Date.now } = args;
  let current = first;
  let reported = "";
  let reportedEnd = "";

  /** Why nobody would believe a renewed identity, or nothing. The one in use stays then. */
  const over = (next: PortalIdentity): string | undefined => {
    const ended = certificateEnds(next).find(({ at }) => at <= wall());
    return (
      ended && `The new ${ended.certificate} certificate is refused: it ended ${day(ended.at)}`
    );
  };

  const reportEnd = (why: string): void => {
    if (why !== "" && why !== reportedEnd) log.error({ alarm: true }, why);
    reportedEnd = why;
  };

  const replace = async (): Promise<void> => {
    const commands = planCertificates(haproxy.certificates(), pemsOf(current));
    const applied = await haproxy.execute(commands);
    for (const what of current === first ? [] : replacedBy(applied))
      log.info(`The portal's ${what} certificate is replaced`);
    const why = failureOf(applied);
    if (why !== "" && why !== reported && !ABSENT.test(why)) log.error({ alarm: true }, why);
    reported = why;
  };

  return {
    current: () => current,
    look: async () => {
      const next = await read();
      const isNew = !sameIdentity(current, next);
      const refused = isNew ? over(next) : undefined;
      if (isNew && refused === undefined) {
        current = next;
        onChange(next);
      }
      reportEnd(refused ?? endsSoon(current, wall()));
      // At every look: another agent may have left before HAProxy had the newest, or another process may serve since.
      await replace();
    },
  };
}

function replacedBy(applied: Applied): readonly string[] {
  if (applied.kind === "failed") return [];
  return applied.certificates.flatMap(({ what, done }) => (done.kind === "done" ? [what] : []));
}

/** Why certificates could not be replaced; empty where all were. */
function failureOf(applied: Applied): string {
  if (applied.kind === "failed") return applied.why;
  return applied.certificates
    .flatMap(({ what, done }) =>
      done.kind === "failed" ? [`The new ${what} certificate is refused: ${done.why}`] : [],
    )
    .join("; ");
}

function endsSoon(identity: PortalIdentity, now: number): string {
  const soon = certificateEnds(identity).filter(({ at }) => at - now < SOON_DAYS * DAY_MS);
  return soon
    .map(
      ({ certificate, at }) =>
        `The portal's ${certificate} certificate ends ${day(at)}: \`pulumi up\` renews it`,
    )
    .join("; ");
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

function pemsOf({ cert, key, server }: PortalIdentity): Pems {
  return { client: `${cert}\n${key}`, server };
}

/** When a portal's certificates end. What is no certificate is left out: whoever is to use it refuses it. */
export function certificateEnds({
  cert,
  server,
}: Pick<PortalIdentity, "cert" | "server">): readonly CertificateEnd[] {
  const pems = [
    ["client", cert],
    ["server", server],
  ] as const;
  return pems.flatMap(([certificate, pem]) => {
    try {
      return pem === undefined
        ? []
        : [{ certificate, at: Date.parse(new X509Certificate(pem).validTo) }];
    } catch {
      return [];
    }
  });
}
