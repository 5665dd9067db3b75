// One step of the set-up, and how it is reported.

const STILL_AT_IT_MS = 30_000;

export interface Step<Found> {
  /** What is there already. Must be quick: it is asked on every run. */
  find(): Promise<Found | undefined>;
  make(): Promise<Found>;
  /** Printed before `make`, where that takes minutes or needs a reason. */
  readonly notice?: string;
}

/** One part of the set-up: found without a message, or made and reported in one line with its time. */
export async function step<Found>(
  name: string,
  { find, make, notice }: Step<Found>,
): Promise<Found> {
  const found = await find();
  if (found !== undefined) return found;
  const start = Date.now();
  const seconds = () => `${((Date.now() - start) / 1000).toFixed(1)} s`;
  print(`· ${name}${notice ? `: ${notice}` : ""} …`);
  const stillAtIt = setInterval(() => print(`  … ${name}: ${seconds()}`), STILL_AT_IT_MS);
  try {
    const made = await make();
    print(`✓ ${name}: ${seconds()}`);
    return made;
  } finally {
    clearInterval(stillAtIt);
  }
}

/** Lines for the person at the terminal. They go to stderr, so that `npm run -s pulumi -- … --json` stays clean. */
export function print(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The terminal may be lost while work goes on that has to be finished properly. */
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

/** The machine lacks something that the set-up can't get: the message says what the person can do. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}
