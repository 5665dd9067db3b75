import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import type Docker from "dockerode";

import { bundleAgent } from "../../proxy-image/bundle.ts";
import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { formatDocument } from "../../proxy-image/src/contract.ts";
import type { S3Source } from "../../proxy-image/src/s3/bucket.ts";
import { Authority } from "./authority.ts";
import { exec } from "./containers.ts";
import { imageOf, runFor } from "./docker.ts";

const PROJECT = resolve(import.meta.dirname, "../..");

export interface PortalContainer {
  readonly container: Docker.Container;
  readonly folder: string;
  /** Standard output of a shell line in the container. */
  sh(line: string, user?: string): Promise<string>;
}

export interface PortalArgs {
  /** A portal whose state this one finds, as a container that is made anew does. */
  readonly former?: PortalContainer;
  /** Where its document is, if not in its folder. */
  readonly source?: S3Source;
  readonly environment?: readonly string[];
  /** What its document says, if not that of a cluster that doesn't exist. */
  readonly document?: PortalDocument;
  /** More files of its identity. */
  readonly identity?: Readonly<Record<string, string>>;
  /** What its volume holds at most, such as "4m"; without, as much as the disk. */
  readonly volume?: string;
  /** MiB that it may use; without, as much as there is. */
  readonly memory?: number;
  /** The network it is in; without, it has loopback alone. */
  readonly network?: string;
}

/** A portal as the stack starts it, in front of nodes that don't exist. */
export async function portalFor(t: TestContext, args: PortalArgs = {}): Promise<PortalContainer> {
  const { former, source, environment = [], network = "none", volume, memory } = args;
  const image = await portalImage();
  mkdirSync(join(PROJECT, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(PROJECT, ".cache", "portal-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await writeInputs(folder, args);
  const container = await runFor(t, {
    Image: image,
    Env: [...environment],
    HostConfig: {
      Binds: [
        `${folder}/document:/etc/portico/document:ro`,
        `${folder}/identity:/etc/portico/identity:ro`,
        `${folder}/report:/agent/report`,
      ],
      ...(former && { VolumesFrom: [former.container.id] }),
      NetworkMode: network,
      ReadonlyRootfs: true,
      ...(memory && { Memory: memory * 1024 * 1024, MemorySwap: memory * 1024 * 1024 }),
      CapDrop: ["ALL"],
      // On AWS, where documents come from S3, the firewall is outside.
      CapAdd: [...(source ? [] : ["NET_ADMIN"]), "SETUID", "SETGID"],
      Tmpfs: { "/run": "", "/tmp": "" },
      ...(volume && { Mounts: [smallVolume(volume)] }),
    },
    Labels: { "portico.test": "image" },
  });
  const sh = async (line: string, user = ""): Promise<string> =>
    (await exec(container.id, ["sh", "-c", line], user)).output;
  return { container, folder, sh };
}

/** Puts another document into a portal's folder as `up` does: whole, at once. */
export function putDocument({ folder }: PortalContainer, document: PortalDocument): void {
  const path = join(folder, "document/document.json");
  writeFileSync(`${path}.new`, formatDocument(document));
  renameSync(`${path}.new`, path);
}

/** Anonymous, so that it goes with its container. Docker gives it the owner that the image's folder has. */
function smallVolume(size: string): Docker.MountSettings {
  const options = { type: "tmpfs", device: "tmpfs", o: `size=${size}` };
  return {
    ...{ Type: "volume", Source: "", Target: "/var/lib/portico" },
    VolumeOptions: {
      ...{ NoCopy: false, Labels: {} },
      DriverConfig: { Name: "local", Options: options },
    },
  };
}

/** The portal's image, with the agent as it is now. */
export function portalImage(): Promise<string> {
  bundleAgent();
  return imageOf("portal", join(PROJECT, "proxy-image"), [
    "Dockerfile",
    "image",
    "dist/agent.mjs",
    "dist/judge-document.mjs",
    "dist/mysql-driver.mjs",
    "dist/s3-client.mjs",
  ]);
}

async function writeInputs(
  folder: string,
  { source, document = DOCUMENT, identity = {} }: PortalArgs,
): Promise<void> {
  const authority = await Authority.create();
  const { certificate, key } = await authority.issue(["orders-portal-1"]);
  const files: Readonly<Record<string, string>> = {
    "identity/portal.json": JSON.stringify({ name: "orders-portal-1", source }),
    "identity/secrets.json": JSON.stringify({ etcd: { user: "portal", password: "secret" } }),
    "identity/ca.crt": authority.pem,
    "identity/client.crt": certificate,
    "identity/client.key": key,
    "document/document.json": formatDocument(document),
    ...Object.fromEntries(
      Object.entries(identity).map(([name, text]) => [`identity/${name}`, text]),
    ),
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: 0o644 });
  }
  mkdirSync(join(folder, "report"));
  chmodSync(join(folder, "report"), 0o777);
  chmodSync(folder, 0o755);
}

/** The document that a portal finds in its folder: of a cluster that doesn't exist. */
export const DOCUMENT: PortalDocument = {
  contract: 1,
  deployment: "orders",
  engine: "postgresql",
  generation: 1,
  nodes: { "orders-1": { address: "127.0.9.1", port: 5432 } },
  evidence: { kind: "patroni", scope: "orders", patroni: 8008, etcd: 2379 },
  endpoints: { primary: { port: 5432, route: "primary" } },
  status: 8404,
  maxLag: 0,
  timing: { hold: 30, silence: 10, drain: 60 },
  fallback: "role-check",
  open: false,
  whitelist: { "127.0.0.0/8": "the test" },
};
