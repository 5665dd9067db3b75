import { join } from "node:path";

import type Docker from "dockerode";

import type { Engine } from "../../infra/model/catalogue.ts";
import { catalogue } from "../../infra/model/catalogue.ts";
import { withoutPassword } from "../../infra/model/uri.ts";
import { PROJECT } from "../setup/paths.ts";
import { say } from "../setup/say.ts";
import { knock } from "./knock.ts";
import type { Deployment } from "./outputs.ts";
import { STACK } from "./state.ts";

const KNOCK_MS = 15_000;

/** Tells how to connect, after having tried it through every portal. Passwords are shown to those who ask for `secrets` alone. */
export async function introduce(
  docker: Docker,
  stack: string,
  deployments: Readonly<Record<string, Deployment>>,
  secrets: boolean,
): Promise<boolean> {
  let open = true;
  for (const [name, deployment] of Object.entries(deployments)) {
    say(`\n${name} (${titleOf(deployment)})`);
    const { standIn } = catalogue[deployment.engine as Engine];
    if (standIn)
      say(`  ${standIn} stands in for ${deployment.engine}: no proof for the engine itself`);
    for (const [endpoint, { uri }] of Object.entries(deployment.endpoints)) {
      say(`  ${endpoint}: ${commandFor(name, deployment, uri)}`);
      if (secrets) say(`    ${uri}`);
    }
    say(`  other clients: npx portico connect ${name}`);
    const refused = await knockAtPortals(deployment);
    for (const line of refused) say(`  ✗ ${line}`);
    if (refused.length > 0) {
      open = false;
      await sayHowToAdmit(docker, stack, name);
    }
  }
  if (!secrets) say("\nURIs with their passwords: npm start -- --show-secrets");
  say("\nLet somebody in: an entry of the whitelist, then npm start");
  say(`  ${admit(Object.keys(deployments)[0] ?? "orders", "203.0.113.0/24", "Berlin office")}`);
  return open;
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

/** At the first endpoint of each: what lets this machine in there lets it in everywhere. */
async function knockAtPortals({ engine, endpoints, ca }: Deployment): Promise<readonly string[]> {
  const [first] = Object.values(endpoints);
  const tried = (first?.hosts ?? []).map(async ({ host, port }) => {
    const answer = await knock({ host, port, engine: engine as Engine, ca }, KNOCK_MS);
    return answer.kind === "open" ? [] : [`${host}:${port} refused this machine: ${answer.why}`];
  });
  return (await Promise.all(tried)).flat();
}

/** A published port shows the gateway of the portals' network as the source on Linux; elsewhere the portal's log names it. */
async function sayHowToAdmit(docker: Docker, stack: string, name: string): Promise<void> {
  const source = (await lastRefused(docker, stack, name)) ?? (await gateway(docker, stack));
  if (!source) return;
  say(`  The portal sees this machine as ${source}. If the whitelist does not name it, this does:`);
  say(`  ${admit(name, `${source}/${source.includes(":") ? 128 : 32}`, "this machine")}`);
}

function admit(deployment: string, cidr: string, note: string): string {
  return `npm run pulumi -- config set -s local --path 'portico:deployments.${deployment}.whitelist["${cidr}"]' '${note}'`;
}

async function gateway(docker: Docker, stack: string): Promise<string | undefined> {
  const network = await docker
    .getNetwork(`${stack}-public`)
    .inspect()
    .catch(() => undefined);
  return network?.IPAM?.Config?.[0]?.Gateway;
}

/** Every refused source is in a portal's log within 5 s, as a JSON line with `source`. */
async function lastRefused(
  docker: Docker,
  stack: string,
  deployment: string,
): Promise<string | undefined> {
  const filters = { label: [`portico.stack=${stack}`, `portico.deployment=${deployment}`] };
  for (const { Id, Names } of await docker.listContainers({ filters })) {
    if (!Names.some((name) => name.includes("-portal-"))) continue;
    const log = await docker.getContainer(Id).logs({ stdout: true, stderr: true, tail: 200 });
    const sources = [...log.toString("utf8").matchAll(/"source":"([0-9a-f.:]+)"/g)];
    const last = sources.at(-1)?.[1];
    if (last) return last;
  }
  return undefined;
}
