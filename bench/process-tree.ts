import { readdir, readFile } from "node:fs/promises";

/** What a process and everything that it started took. */
export interface Taken {
  /** MiB at the worst moment; what processes share is counted once. */
  readonly peak: number;
  readonly cpuSeconds: number;
}

const EVERY_MS = 200;
/** What Linux counts processor time in. */
const TICKS_A_SECOND = 100;

interface Process {
  readonly parent: number;
  readonly ticks: number;
}

/** Looks from now on until it is asked. By Linux's /proc; elsewhere it knows nothing. */
export function watchTree(root: number): () => Promise<Taken | undefined> {
  const ticks = new Map<number, number>();
  let peak = 0;
  let ended = false;
  const watching = (async () => {
    while (!ended) {
      const processes = await readProcesses();
      const tree = below(root, processes);
      for (const pid of tree) ticks.set(pid, processes.get(pid)?.ticks ?? 0);
      const shares = await Promise.all(tree.map(proportionalMemory));
      peak = Math.max(peak, sum(shares));
      await new Promise((done) => setTimeout(done, EVERY_MS));
    }
  })();
  return async () => {
    ended = true;
    await watching;
    if (peak === 0) return undefined;
    return { peak: Math.round(peak / 1024), cpuSeconds: sum([...ticks.values()]) / TICKS_A_SECOND };
  };
}

function below(root: number, processes: ReadonlyMap<number, Process>): readonly number[] {
  const isBelow = (pid: number): boolean => {
    if (pid === root) return true;
    const parent = processes.get(pid)?.parent ?? 0;
    return parent > 1 && isBelow(parent);
  };
  return [...processes.keys()].filter(isBelow);
}

async function readProcesses(): Promise<ReadonlyMap<number, Process>> {
  const pids = (await readdir("/proc").catch(() => [])).map(Number).filter(Number.isInteger);
  const found = await Promise.all(
    pids.map(async (pid): Promise<readonly [number, Process] | undefined> => {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      // The name in the second field may hold anything, a bracket too.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (fields.length < 13) return undefined;
      return [pid, { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }];
    }),
  );
  return new Map(found.filter((one) => one !== undefined));
}

/** KiB. Nothing of a process that has ended meanwhile. */
async function proportionalMemory(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
