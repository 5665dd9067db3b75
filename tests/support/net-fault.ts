import { join } from "node:path";

import { logsOf, until } from "./containers.ts";
import { docker, imageOf } from "./docker.ts";

/** What is done to packets: statements of nft, each of a rule of its own. */
export interface NetFault {
  readonly arriving?: readonly string[];
  readonly leaving?: readonly string[];
}

/** A fault that nobody lifts ends by itself after this many seconds. */
const LONGEST = 120;

/** Puts a fault into the network of a running container, and returns what lifts it. Needs no rights on this machine. */
export async function breakNetwork(name: string, fault: NetFault): Promise<() => Promise<void>> {
  const container = await docker.createContainer({
    Image: await imageOf("nftables", join(import.meta.dirname, "nftables"), ["Dockerfile"]),
    Entrypoint: ["sh", "-c", SCRIPT, rulesOf(fault)],
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
      const said = await logsOf(container.id);
      return said.includes("in force");
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
lift() { nft delete table inet fault; }
nft "$0" || exit 1
trap 'lift; exit' TERM
echo in force
sleep ${LONGEST} & wait
lift`;

function rulesOf({ arriving = [], leaving = [] }: NetFault): string {
  const chain = (hook: string, rules: readonly string[]) =>
    `add chain inet fault ${hook} { type filter hook ${hook} priority 0; };` +
    rules.map((rule) => `add rule inet fault ${hook} ${rule};`).join("");
  return `add table inet fault; ${chain("input", arriving)}${chain("output", leaving)}`;
}
