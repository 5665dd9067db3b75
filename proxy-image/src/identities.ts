import type { Haproxy, Pems } from "./apply/haproxy.ts";
import type { PortalIdentity } from "./identity.ts";
import { sameIdentity } from "./identity.ts";
import type { Log } from "./report/log.ts";

export interface IdentitiesArgs {
  readonly first: PortalIdentity;
  /** Reads what infra has mounted. */
  readonly read: () => Promise<PortalIdentity>;
  readonly haproxy: Pick<Haproxy, "replaceCertificates">;
  readonly log: Pick<Log, "info" | "error">;
  readonly onChange: (identity: PortalIdentity) => void;
}

export interface Identities {
  current(): PortalIdentity;
  /** Looks whether infra has renewed something, and brings it to whom it concerns. */
  look(): Promise<void>;
}

/** A HAProxy that isn't there reads the new files when it starts. */
const ABSENT = /ECONNREFUSED|ENOENT/;

/** Follows renewed certificates and passwords. What HAProxy could not take at once it is offered at every look until it has it. */
export function createIdentities(args: IdentitiesArgs): Identities {
  const { first, read, haproxy, log, onChange } = args;
  let current = first;
  // Another agent may have left before HAProxy had the newest.
  let owed = true;
  let told = "";

  const replace = async (): Promise<void> => {
    const replaced = await haproxy.replaceCertificates(pemsOf(current));
    const failed: string[] = [];
    for (const { what, done } of replaced) {
      if (done.kind === "failed")
        failed.push(`The new ${what} certificate is refused: ${done.why}`);
      else if (current !== first) log.info(`The portal's ${what} certificate is replaced`);
    }
    owed = failed.length > 0;
    const why = failed.join("; ");
    if (owed && why !== told && !ABSENT.test(why)) log.error({ alarm: true }, why);
    told = why;
  };

  return {
    current: () => current,
    look: async () => {
      const next = await read();
      if (!sameIdentity(current, next)) {
        current = next;
        owed = true;
        onChange(next);
      }
      if (owed) await replace();
    },
  };
}

function pemsOf({ cert, key, server }: PortalIdentity): Pems {
  return { client: `${cert}\n${key}`, server };
}
