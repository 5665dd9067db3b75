import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

import type { Identity } from "./observe/observer.ts";
import { S3Source } from "./s3/address.ts";

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
export function sameIdentity(a: PortalIdentity, b: PortalIdentity): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
