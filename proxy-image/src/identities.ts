import type { Haproxy, Pems } from "./apply/haproxy.ts";
import type { PortalIdentity } from "./identity.ts";
import { sameIdentity } from "./identity.ts";
import type { Log } from "./report/log.ts";
import { endingsOf } from "./validity.ts";

export interface IdentitiesArgs {
  readonly first: PortalIdentity;
  /** Reads what infra has mounted. */
  readonly read: () => Promise<PortalIdentity>;
  readonly haproxy: Pick<Haproxy, "replaceCertificates">;
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
  let told = "";
  let toldOfEnd = "";

  /** Why nobody would believe a renewed identity, or nothing. The one in use stays then. */
  const over = (next: PortalIdentity): string | undefined => {
    const ended = endingsOf(next).find(({ at }) => at <= wall());
    return (
      ended && `The new ${ended.certificate} certificate is refused: it ended ${day(ended.at)}`
    );
  };

  const tellEnd = (why: string): void => {
    if (why !== "" && why !== toldOfEnd) log.error({ alarm: true }, why);
    toldOfEnd = why;
  };

  const replace = async (): Promise<void> => {
    const replaced = await haproxy.replaceCertificates(pemsOf(current));
    const failed: string[] = [];
    for (const { what, done } of replaced) {
      if (done.kind === "failed")
        failed.push(`The new ${what} certificate is refused: ${done.why}`);
      else if (current !== first) log.info(`The portal's ${what} certificate is replaced`);
    }
    const why = failed.join("; ");
    if (why !== "" && why !== told && !ABSENT.test(why)) log.error({ alarm: true }, why);
    told = why;
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
      tellEnd(refused ?? endsSoon(current, wall()));
      // At every look: another agent may have left before HAProxy had the newest, or another process may serve since.
      await replace();
    },
  };
}

function endsSoon(identity: PortalIdentity, now: number): string {
  const soon = endingsOf(identity).filter(({ at }) => at - now < SOON_DAYS * DAY_MS);
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
