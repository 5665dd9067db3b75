import { LONGEST_LINE, type Say } from "./conversation.ts";

/**
 * Says commands that HAProxy answers with nothing when they have worked, in as few lines as they fit into. Rejects with the
 * first that has not worked.
 */
export async function sayQuietly(say: Say, commands: readonly string[]): Promise<void> {
  for (const line of linesOf(commands)) {
    const reply = await say(line);
    if (reply.kind === "failed") throw new Error(reply.why);
    const place = reply.blocks.findIndex((block) => !isQuiet(block));
    if (place !== -1) throw new Error(`${line[place]}: ${reply.blocks[place]?.trim()}`);
  }
}

// A session may have ended by itself since it was seen.
const isQuiet = (block: string): boolean =>
  block.trim() === "" || block.startsWith("No such session");

function* linesOf(commands: readonly string[]): Generator<readonly string[]> {
  let line: string[] = [];
  let length = 0;
  for (const command of commands) {
    if (length + command.length + 1 > LONGEST_LINE) {
      yield line;
      line = [];
      length = 0;
    }
    line.push(command);
    length += command.length + 1;
  }
  if (line.length > 0) yield line;
}
