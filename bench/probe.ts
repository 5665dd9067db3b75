import { until } from "../tests/support/containers.ts";
import { type InteractiveRun, runInteractive } from "./containers.ts";
import { MEASURING } from "./contenders.ts";
import type { Facts } from "./facts.ts";
import type { Change } from "./seen.ts";

const WATCHING_WITHIN_S = 20;

type Line =
  | readonly ["watching"]
  | readonly ["gone", number]
  | readonly ["accepts", string, number, number]
  | readonly ["sessions", number, Readonly<Record<string, number>>]
  | readonly ["stopped"];

/** A process of the measuring container that asks every node itself. */
export class Probe {
  #run: InteractiveRun | undefined;
  #lines: Line[] = [];

  static async start({ nodes }: Facts, login: string): Promise<Probe> {
    const probe = new Probe();
    const addresses = nodes.map(({ address }) => address);
    const command = ["python3", "/client/probe.py", JSON.stringify({ dsn: login, addresses })];
    probe.#run = await runInteractive(MEASURING, command, (line) =>
      probe.#lines.push(JSON.parse(line)),
    );
    return probe;
  }

  /** Returns when every node is asked. */
  async watch(leader: string): Promise<void> {
    this.#lines = [];
    this.#run?.send(`watch ${leader}`);
    await until("a probe of every node", WATCHING_WITHIN_S, async () => this.#first("watching"));
  }

  /** Waits until another node accepts writes; returns its address. */
  async nextLeader(seconds: number): Promise<string> {
    const [, address] = await until("a new leader", seconds, async () => this.#first("accepts"));
    return address;
  }

  async finish(oldLeader: string): Promise<Change> {
    this.#run?.send("stop");
    await until("the probe's last word", WATCHING_WITHIN_S, async () => this.#first("stopped"));
    const accepts = this.#first("accepts");
    if (!accepts) throw new Error("there was no change of leader");
    const [, newLeader, promoted, at] = accepts;
    const counts = this.#lines.flatMap((line) => (line[0] === "sessions" ? [line[2]] : []));
    const gone = this.#first("gone")?.[1] ?? null;
    return {
      oldLeader,
      newLeader,
      gone,
      promoted,
      accepts: at,
      onOldLeader: counts.length === 0 ? null : highest(counts),
    };
  }

  end(): void {
    this.#run?.end();
  }

  #first<Kind extends Line[0]>(
    kind: Kind,
  ): Extract<Line, readonly [Kind, ...unknown[]]> | undefined {
    return this.#lines.find((line) => line[0] === kind) as never;
  }
}

function highest(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const most: Record<string, number> = {};
  for (const [contender, count] of counts.flatMap(Object.entries))
    most[contender] = Math.max(most[contender] ?? 0, count);
  return most;
}
