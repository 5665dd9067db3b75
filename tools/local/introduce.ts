import { join } from "node:path";

import type Docker from "dockerode";

import type { Engine } from "../../engines/table.ts";
import { catalogue } from "../../engines/table.ts";
import { withoutPassword } from "../../engines/uri.ts";
import { PROJECT } from "../setup/paths.ts";
import { print } from "../setup/step.ts";
import type { Deployment } from "./cli.ts";
import type { Probed, Way } from "./probe.ts";
import { hostCidr, probe, refusedAs } from "./probe.ts";
import { STACK } from "./state.ts";

const PROBE_MS = 15_000;

/**
 * Tells how to connect, after having tried it through every portal. Passwords are shown to those who ask for `secrets` alone. False: of a
 * deployment no portal serves anybody.
 */
export async function introduce(
  docker: Docker,
  stack: string,
  deployments: Readonly<Record<string, Deployment>>,
  secrets: boolean,
): Promise<boolean> {
  let serving = true;
  for (const [name, deployment] of Object.entries(deployments)) {
    print(`\n${name} (${titleOf(deployment)})`);
    const { standIn } = catalogue[deployment.engine as Engine];
    if (standIn)
      print(`  ${standIn} stands in for ${deployment.engine}: no proof for the engine itself`);
    for (const [endpoint, { uri }] of Object.entries(deployment.endpoints)) {
      print(`  ${endpoint}: ${commandFor(name, deployment, uri)}`);
      if (secrets) print(`    ${uri}`);
    }
    print(`  other clients: npx portico connect ${name}`);
    const found = await probePortals(docker, stack, deployment);
    for (const line of linesFor(name, found)) print(line);
    serving &&= serves(found);
  }
  if (!secrets) print("\nURIs with their passwords: npm start -- --show-secrets");
  print("\nLet somebody in: an entry of the whitelist, then npm start");
  print(`  ${admit(Object.keys(deployments)[0] ?? "orders", "203.0.113.0/24", "Berlin office")}`);
  return serving;
}

function titleOf({ engine, version, servedBy }: Deployment): string {
  const title = version === undefined ? engine : `${engine} ${version}`;
  return servedBy === undefined ? title : `${title}, served by ${servedBy}`;
}

function commandFor(name: string, { engine }: Deployment, uri: string): string {
  const row = catalogue[engine as Engine];
  const file = (file: string) => join(PROJECT, ".portico", STACK, name, file);
  const files = { ca: file("ca.pem"), password: file(row.passwordFile.name) };
  return row.command(withoutPassword(uri), files);
}

/** What was found at one portal. `refused`: its whitelist doesn't name this machine, which it sees as `source`. */
export type Found = { readonly portal: string; readonly at: string } & (
  | Probed
  | { readonly kind: "refused"; readonly source: string }
);

/** Tries the first endpoint of each portal, and the others where the first one lets this machine in. */
async function probePortals(
  docker: Docker,
  stack: string,
  deployment: Deployment,
): Promise<readonly Found[]> {
  const [first = "", ...others] = Object.keys(deployment.endpoints);
  const found = await probeAt(first, docker, stack, deployment);
  if (found.some(({ kind }) => kind === "refused")) return found;
  const rest = others.map((endpoint) => probeAt(endpoint, docker, stack, deployment));
  return [...found, ...(await Promise.all(rest)).flat()];
}

async function probeAt(
  endpoint: string,
  docker: Docker,
  stack: string,
  { engine, endpoints, ca, portals }: Deployment,
): Promise<readonly Found[]> {
  const tried = portals.map(async ({ name, status }, index): Promise<Found> => {
    const { host, port } = endpoints[endpoint]?.hosts[index] ?? { host: "", port: 0 };
    const here = { portal: `${stack}-${name}`, at: `${host}:${port}` };
    const began = Date.now();
    const listener = { host, port, engine: engine as Engine, ca };
    const found = await probe(listener, endpoint, status, PROBE_MS);
    if (found.kind !== "silent") return { ...here, ...found };
    const way = await wayTo(docker, stack);
    const source = way && (await refusedAs(docker, here.portal, way, began));
    return source ? { ...here, kind: "refused", source } : { ...here, ...found };
  });
  return Promise.all(tried);
}

/** What there is to say of portals where not all is well. The whitelist is advised where it was the reason, and nowhere else. */
export function linesFor(deployment: string, found: readonly Found[]): readonly string[] {
  const lines = found.flatMap(lineFor);
  const sources = new Set(found.flatMap((one) => (one.kind === "refused" ? [one.source] : [])));
  const advice = [...sources].map(
    (source) => `  To let it in: ${admit(deployment, hostCidr(source), "this machine")}`,
  );
  return [...lines, ...advice];
}

function lineFor(one: Found): readonly string[] {
  switch (one.kind) {
    case "open":
      return [];
    case "shut":
      return [`  ✗ ${one.at} doesn't serve at the moment: ${one.why}`];
    case "silent":
      return [
        `  ✗ ${one.at} doesn't answer, nor does its status page: ${one.why}. Its log: docker logs ${one.portal}`,
      ];
    case "refused":
      return [`  ✗ ${one.at} refused this machine: the whitelist doesn't name ${one.source}`];
  }
}

/** Whether a portal serves somebody, as far as this machine can tell: one that refuses it may. */
export const serves = (found: readonly Found[]): boolean =>
  found.some(({ kind }) => kind === "open" || kind === "refused");

function admit(deployment: string, cidr: string, note: string): string {
  return `npm run pulumi -- config set -s local --path 'portico:deployments.${deployment}.whitelist["${cidr}"]' '${note}'`;
}

async function wayTo(docker: Docker, stack: string): Promise<Way | undefined> {
  const [{ IPAM }, { OperatingSystem }] = await Promise.all([
    docker.getNetwork(`${stack}-public`).inspect(),
    docker.info(),
  ]);
  const { Gateway: gateway, Subnet: network } = IPAM?.Config?.[0] ?? {};
  const virtual = process.platform !== "linux" || OperatingSystem === "Docker Desktop";
  return gateway && network ? { gateway, network, virtual } : undefined;
}
