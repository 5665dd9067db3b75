// `npm run bench`: how long each way of reaching the leader takes to follow it; `-- preview`: what a preview takes; `-- kills`: what clients of each engine see. See README.md.
import { Argument, InvalidArgumentError, program } from "commander";

import { onEnd } from "../tools/local/change.ts";
import { type Facts, factsOf, readFacts } from "./facts.ts";
import { benchKills, measurable } from "./kills/main.ts";
import { measure } from "./measure.ts";
import { withOwnStack } from "./own-stack.ts";
import { benchPreviews } from "./preview.ts";
import { describe, reportOf } from "./report.ts";
import { keep } from "./results.ts";
import type { Event, EventKind } from "./seen.ts";
import { tables } from "./table.ts";

interface Options {
  readonly switchovers: number;
  readonly kills: number;
  readonly stack?: string;
  readonly deployment: string;
  readonly facts?: string;
}

program
  .option("--switchovers <n>", "planned switchovers", whole, 30)
  .option("--kills <n>", "kills of the leader's container", whole, 10)
  .option("--stack <name>", "measure a stack that runs here already, instead of one made for it")
  .option("--deployment <name>", "which deployment of it", "orders")
  .option("--facts <file>", "measure a cluster made by hand, described in JSON: see facts.ts")
  .action(async (options: Options) => {
    if (options.facts) await show(await readFacts(options.facts));
    else if (options.stack) await show(await factsOf(options.stack, options.deployment));
    else await withOwnStack(show);
  });

program
  .command("preview")
  .description("time and memory of previews of stacks on AWS (a stand-in)")
  .argument("[deployments...]", "how many in each stack", (text, before: number[] = []) => [
    ...before,
    whole(text),
  ])
  .action(async (counts?: number[]) => benchPreviews(counts ?? [1, 10, 50]));

program
  .command("kills")
  .description("what clients see when nodes are killed, engine by engine")
  .addArgument(new Argument("[engines...]", "which").choices(measurable))
  .option("--times <n>", "kills an engine", whole, 20)
  .action(async (engines: typeof measurable, { times }: { readonly times: number }) =>
    benchKills(engines.length > 0 ? engines : measurable, times),
  );

await program.parseAsync();

async function show(facts: Facts): Promise<void> {
  const options = program.opts<Options>();
  const times = (kind: EventKind, count: number) => Array<EventKind>(count).fill(kind);
  const kinds = [...times("switchover", options.switchovers), ...times("kill", options.kills)];
  const stopping = new AbortController();
  const unwatch = onEnd(() => {
    console.error("stopping after this event; what has been measured is reported");
    stopping.abort();
  });
  const onEvent = (event: Event) => console.error(describe(event));
  const report = reportOf(await measure(facts, { kinds, onEvent, signal: stopping.signal }));
  unwatch();
  if (report.cutShort !== null) {
    console.error(`cut short: ${report.cutShort}`);
    process.exitCode = 1;
  }
  console.log(tables(report));
  console.log(await keep("", report.versions.at, report));
}

function whole(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError("a whole number");
  return number;
}
