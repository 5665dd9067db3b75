// What the builds of images need and a clone doesn't have: bundles of the agent and of stand-ins, the Python that node images share, and
// authorities to trust. Git ignores all of it.
import { createHash, X509Certificate } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { getCACertificates } from "node:tls";

import type { Engine } from "../../engines/table.ts";
import { catalogue } from "../../engines/table.ts";
import { bundle, bundleAgent } from "../../proxy-image/bundle.ts";

/** Puts what builds take in into the folders of the portal's image and of each engine's. `project`: its absolute path. */
export function fillImageFolders(project: string, engines: readonly Engine[]): void {
  bundleAgent();
  for (const engine of engines) fillNodeImage(project, engine);
}

/** Puts what a build takes in into the folder of an engine's node image, and gives that folder. */
export function fillNodeImage(project: string, engine: Engine): string {
  const { homeMade, downloads } = catalogue[engine];
  const folder = join(project, "engines", engine, "node-image");
  if (homeMade === undefined)
    copyPython(join(project, "engines/common/node-image/portico_node"), join(folder, SHARED));
  else bundleStandIn(project, homeMade, join(folder, "dist"));
  if (downloads) lendTrust(folder);
  return folder;
}

/** The folder that a Dockerfile copies: a build fails where it is missing. */
const SHARED = "portico_node";

/**
 * Leaves nothing in `to` but what is in `from`, so that no build takes what was there earlier. Files come whole, since tests that run side by
 * side fill the same folders; until then they lie beside `from`, outside of every build's folder.
 */
export function copyPython(from: string, to: string): void {
  const files = readdirSync(from).filter((file) => file.endsWith(".py"));
  mkdirSync(to, { recursive: true, mode: 0o755 });
  for (const file of readdirSync(to))
    if (!files.includes(file)) rmSync(join(to, file), { recursive: true, force: true });
  for (const file of files) {
    const [content, path] = [readFileSync(join(from, file)), join(to, file)];
    if (existsSync(path) && readFileSync(path).equals(content)) continue;
    const onItsWay = `${from}-${process.pid}.new`;
    writeFileSync(onItsWay, content, { mode: 0o644 });
    renameSync(onItsWay, path);
  }
}

/** `programs`: source files below `engines/`, by the name of what is made of each. */
function bundleStandIn(
  project: string,
  programs: Readonly<Record<string, string>>,
  outdir: string,
): void {
  const sources = Object.entries(programs).map(([name, file]) => [
    name,
    join(project, "engines", file),
  ]);
  bundle({ programs: Object.fromEntries(sources), folder: project, outdir });
}

/**
 * Gives the build of an image the authorities that this machine trusts beside the usual ones, such as those of a company's proxy:
 * a build doesn't share the machine's trust, and can download nothing where every connection goes through such a proxy.
 */
function lendTrust(imageFolder: string): void {
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
