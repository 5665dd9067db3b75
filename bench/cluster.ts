import { exec, until } from "../tests/support/containers.ts";
import { docker } from "../tests/support/docker.ts";
import type { Facts } from "./facts.ts";

type Node = Facts["nodes"][number];

interface Member {
  readonly Member: string;
  readonly Role: string;
  readonly State: string;
}

/** Waits until one node leads and all others stream from it; returns the leader. */
export function settled({ nodes }: Facts, seconds: number): Promise<Node> {
  return until("a settled cluster", seconds, async () => {
    const members = await membersSeenBy(nodes[0] as Node);
    const leaders = members.filter(({ Role, State }) => Role === "Leader" && State === "running");
    const streaming = members.filter(({ State }) => State === "streaming");
    const [leader] = leaders;
    if (leaders.length !== 1 || streaming.length !== nodes.length - 1)
      throw new Error(members.map(({ Member, State }) => `${Member} is ${State}`).join(", "));
    return nodes.find(({ name }) => name === leader?.Member);
  });
}

/** Returns once the request is accepted and carried out, or refused; what happened the nodes tell. */
export async function switchOver({ container }: Node): Promise<void> {
  const { code, output } = await exec(container, ["patronictl", "switchover", "--force"]);
  if (code !== 0) throw new Error(`patronictl switchover on ${container}: ${output}`);
}

export async function kill({ container }: Node): Promise<void> {
  await docker.getContainer(container).kill();
}

export async function startAgain({ container }: Node): Promise<void> {
  await docker.getContainer(container).start();
}

/** SQL as the superuser, past every proxy. Returns psql's unaligned output. */
export async function sql(
  { container }: Node,
  database: string,
  ...statements: string[]
): Promise<string> {
  const commands = statements.flatMap((statement) => ["-c", statement]);
  const options = ["-qAtX", "-v", "ON_ERROR_STOP=1", "-d", database];
  const { code, output } = await exec(container, ["psql", ...options, ...commands]);
  if (code !== 0) throw new Error(`psql on ${container}: ${output}`);
  return output;
}

async function membersSeenBy({ container }: Node): Promise<readonly Member[]> {
  const { code, output } = await exec(container, ["patronictl", "list", "-f", "json"]);
  if (code !== 0) throw new Error(`patronictl list on ${container}: ${output}`);
  return JSON.parse(output);
}
