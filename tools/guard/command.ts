import { readFile } from "node:fs/promises";

import type { Command } from "commander";

import { judge } from "./judge.ts";
import { parsePreview } from "./preview.ts";
import { askedBy } from "./program.ts";
import { markdown, text } from "./render.ts";

const EXPLAINED = `
The preview is the output of: pulumi preview --json --show-sames
Without --show-sames it shows what changes and nothing else; what can't be told then is refused.

Exit codes:
  0  nothing is refused
  1  refused: a sentence for each reason
  2  can't be judged: the file is missing, broken or cut off, or the preview itself failed`;

const EXIT = { fine: 0, refused: 1, unknown: 2 } as const;

export function guardCommand(program: Command): void {
  program
    .command("guard")
    .description("says what a preview would do, and refuses what nobody should do unseen")
    .argument("<preview.json>", "the preview as JSON, or - for stdin")
    .option("--whitelist-only", "refuse every change that is not one of a whitelist")
    .option("--markdown", "print the summary for a comment on a pull request")
    .addHelpText("after", EXPLAINED)
    // A subcommand needs this too: otherwise a mistake in the arguments would exit with 1.
    .exitOverride()
    .action(async (file: string, { whitelistOnly = false, markdown: asMarkdown = false }) => {
      process.exitCode = await guard(file, whitelistOnly, asMarkdown ? markdown : text);
    });
}

async function guard(file: string, whitelistOnly: boolean, render: typeof text): Promise<number> {
  const content = await readFile(file === "-" ? "/dev/stdin" : file, "utf8").catch(
    (error: Error) => error,
  );
  const read =
    content instanceof Error
      ? ({ kind: "unreadable", why: content.message } as const)
      : parsePreview(content);
  if (read.kind === "unreadable") {
    console.log(render({ kind: "unknown", why: `${file}: ${read.why}` }));
    return EXIT.unknown;
  }
  const verdict = judge(read.preview, { whitelistOnly, asked: await askedBy(read.preview) });
  console.log(render(verdict));
  return EXIT[verdict.kind];
}
