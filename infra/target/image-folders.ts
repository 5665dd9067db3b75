// What the builds of images need and a clone doesn't have: the agent and the stand-ins as bundles, and authorities to trust.
import { createHash, X509Certificate } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import { bundleStandIn } from "../../engines/common/stand-in/bundle.ts";
import type { Engine } from "../../engines/table.ts";
import { catalogue } from "../../engines/table.ts";
import { bundleAgent } from "../../proxy-image/bundle.ts";

/** Puts what builds take in and a clone hasn't into the folders of the portal's image and of each engine's. */
export function fillImageFolders(project: string, engines: readonly Engine[]): void {
  bundleAgent();
  for (const engine of engines) {
    bundleStandIn(engine);
    if (catalogue[engine].downloads) lendTrust(join(project, "engines", engine, "node-image"));
  }
}

/**
 * Gives the build of an image the authorities that this machine trusts beside the usual ones, such as those of a company's proxy:
 * a build doesn't share the machine's trust, and can download nothing where every connection goes through such a proxy.
 */
export function lendTrust(imageFolder: string): void {
  const folder = join(imageFolder, "trust");
  const wanted = new Map(ownAuthorities().map((pem) => [fileOf(pem), pem]));
  mkdirSync(folder, { recursive: true });
  const there = readdirSync(folder).filter((file) => file.endsWith(".crt"));
  for (const file of there) if (!wanted.has(file)) rmSync(join(folder, file));
  for (const [file, pem] of wanted)
    if (!there.includes(file)) writeFileSync(join(folder, file), pem);
}

function ownAuthorities(): readonly string[] {
  const usual = new Set(getCACertificates("bundled").map(fingerprintOf));
  const all = [...getCACertificates("system"), ...getCACertificates("extra")];
  return all.filter((pem) => !usual.has(fingerprintOf(pem)));
}

const fingerprintOf = (pem: string): string => new X509Certificate(pem).fingerprint256;

/** Named by its content, so that the same machine makes the same build. */
const fileOf = (pem: string): string =>
  `${createHash("sha256").update(fingerprintOf(pem)).digest("hex").slice(0, 16)}.crt`;
