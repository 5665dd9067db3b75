/** Lines for the person at the terminal. They go to stderr, so that `npm run -s pulumi -- … --json` stays clean. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The terminal may be lost while work goes on that must come to a good end. */
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
