import { until } from "../tests/support/containers.ts";
import { type InteractiveRun, runInteractive } from "./containers.ts";
import { type Contender, MEASURING } from "./contenders.ts";
import type { Ack, Failure, Seen } from "./seen.ts";

/** The same for every contender. */
export interface Load {
  /** Workers that keep their session, each with a row every `paceMs`. */
  readonly sessions: number;
  readonly paceMs: number;
  /** Workers with a new connection for each row, one every `connectPaceMs`. */
  readonly connectors: number;
  readonly connectPaceMs: number;
  /** How long a worker that was turned away waits before it tries again. */
  readonly pauseMs: number;
}

const STOPPED_WITHIN_S = 10;

type Line =
  | readonly ["ack", number, string, number, number, string]
  | readonly ["failed", number, Failure["during"], number, number, string | null, string]
  | readonly ["stopped", readonly (readonly [number, number])[]];

/** A process of the measuring container that writes through one contender. */
export class Writer {
  readonly #workers: number;
  #run: InteractiveRun | undefined;
  #acks: Ack[] = [];
  #failures: Failure[] = [];
  #hanging: readonly number[] | undefined;

  static async start({ key, where }: Contender, login: string, load: Load): Promise<Writer> {
    const writer = new Writer(load.sessions + load.connectors);
    const settings = JSON.stringify({ contender: key, dsn: `${where} ${login}`, ...load });
    const command = ["python3", "/client/writer.py", settings];
    writer.#run = await runInteractive(MEASURING, command, (line) => writer.#hear(line));
    return writer;
  }

  constructor(workers: number) {
    this.#workers = workers;
  }

  begin(event: number): void {
    this.#acks = [];
    this.#failures = [];
    this.#hanging = undefined;
    this.#run?.send(`start ${event}`);
  }

  /** True when every worker has written to `server`, or to any node, in this event. */
  everybodyWrites(server?: string): boolean {
    const written = this.#acks.filter((ack) => server === undefined || ack.server === server);
    return new Set(written.map(({ worker }) => worker)).size === this.#workers;
  }

  async finish(): Promise<Seen> {
    this.#run?.send("stop");
    const hanging = await until(
      "the writer's last word",
      STOPPED_WITHIN_S,
      async () => this.#hanging,
    );
    return { workers: this.#workers, acks: this.#acks, failures: this.#failures, hanging };
  }

  end(): void {
    this.#run?.end();
  }

  #hear(text: string): void {
    const line = JSON.parse(text) as Line;
    if (line[0] === "ack") {
      const [, worker, id, begun, at, server] = line;
      this.#acks.push({ worker, id, begun, at, server });
    } else if (line[0] === "failed") {
      const [, worker, during, begun, at, code, message] = line;
      this.#failures.push({ worker, during, begun, at, code, message });
    } else this.#hanging = line[1].map(([, begun]) => begun);
  }
}
