import { randomBytes } from "node:crypto";
import { join } from "node:path";

import { logsOf, until } from "./containers.ts";
import { docker, imageOf } from "./docker.ts";

/** What is done to packets: statements of nft, each of a rule of its own. */
export interface NetFault {
  readonly arriving?: readonly string[];
  readonly leaving?: readonly string[];
}

const LONGEST = 120;

/**
 * Puts a fault into the network of a running container, and returns what lifts it. One that nobody lifts ends by itself after `longest`
 * seconds. Several at once leave each other alone. Needs no rights on this machine.
 */
export async function breakNetwork(
  name: string,
  fault: NetFault,
  longest = LONGEST,
): Promise<() => Promise<void>> {
  const table = `fault_${randomBytes(4).toString("hex")}`;
  const container = await docker.createContainer({
    Image: await imageOf("nftables", join(import.meta.dirname, "nftables"), ["Dockerfile"]),
    Entrypoint: ["sh", "-c", SCRIPT, rulesOf(table, fault), table, String(longest)],
    Labels: { "portico.test": "network" },
    HostConfig: {
      NetworkMode: `container:${name}`,
      CapDrop: ["ALL"],
      CapAdd: ["NET_ADMIN"],
      AutoRemove: false,
    },
  });
  const remove = () => container.remove({ force: true });
  try {
    await container.start();
    await until("the fault in force", 20, async () => {
      const logs = await logsOf(container.id);
      return logs.includes("in force");
    });
  } catch (error) {
    await remove();
    throw error;
  }
  return async () => {
    await container.stop().finally(remove);
  };
}

const SCRIPT = `
lift() { nft delete table inet "$1"; }
nft "$0" || exit 1
trap 'lift "$1"; exit' TERM
echo in force
sleep "$2" & wait
lift "$1"`;

function rulesOf(table: string, { arriving = [], leaving = [] }: NetFault): string {
  const chain = (hook: string, rules: readonly string[]) =>
    `add chain inet ${table} ${hook} { type filter hook ${hook} priority 0; };` +
    rules.map((rule) => `add rule inet ${table} ${hook} ${rule};`).join("");
  return `add table inet ${table}; ${chain("input", arriving)}${chain("output", leaving)}`;
}
