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
}

const Portal = z.object({ name: z.string().min(1), source: S3Source.optional() });
const Secrets = z.object({ etcd: z.object({ user: z.string(), password: z.string() }) });

/** Reads the folder that infra mounts. Rejects with a message that names the file. */
export async function readIdentity(folder: string): Promise<PortalIdentity> {
  const text = (name: string) => readFile(join(folder, name), "utf8");
  const [portal, secrets, ca, cert, key] = await Promise.all([
    text("portal.json").then((json) => Portal.parse(JSON.parse(json))),
    text("secrets.json").then((json) => Secrets.parse(JSON.parse(json))),
    text("ca.crt"),
    text("client.crt"),
    text("client.key"),
  ]);
  const { user, password } = secrets.etcd;
  const { name, source } = portal;
  return { portal: name, source, ca, cert, key, etcdUser: user, etcdPassword: password };
}

/** True when nothing that a connection is made with differs. */
export function sameIdentity(a: PortalIdentity, b: PortalIdentity): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
