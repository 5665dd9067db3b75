import { connect } from "node:net";

/** One answer for each command, in order; or nothing of them. Half a reply is never handed on. */
export type Reply =
  | { readonly kind: "reply"; readonly blocks: readonly string[] }
  | { readonly kind: "failed"; readonly why: string };

/** Sends some commands in one line and waits for all their answers. */
export type Send = (commands: readonly string[]) => Promise<Reply>;

export interface Limits {
  /** Total, from the connection's start to the last answer's end. */
  readonly deadlineMs: number;
  /** The most characters that one line's answers may have. */
  readonly longest?: number;
}

const LONGEST_REPLY = 64 * 1024 * 1024;
/** HAProxy's buffer is 16384 bytes, a part of which is kept free for rewriting. */
const LONGEST_LINE = 15_000;

/**
 * Opens a connection to a runtime socket, for as long as `use` runs. HAProxy ends each answer with an empty line and never sends an empty line
 * inside one, so the end of a reply is known and not guessed: a time-out or an early close is a failure. The connection
 * stays open until the last answer has come, because HAProxy drops the commands of a client that has left.
 */
export async function withRuntimeSocket<T>(
  path: string,
  { deadlineMs, longest = LONGEST_REPLY }: Limits,
  use: (send: Send) => Promise<T>,
): Promise<T> {
  const socket = connect({ path });
  socket.setEncoding("utf8");
  const splitter = splitReplies();
  let failure: string | undefined;
  let settle: () => void = () => {};
  const fail = (why: string): void => {
    failure ??= why;
    settle();
  };
  const deadline = setTimeout(() => fail(`no whole answer in ${deadlineMs} ms`), deadlineMs);
  socket.once("error", (error) => fail(error.message));
  socket.once("close", () => fail("closed before the answer was whole"));
  socket.on("data", (chunk: string) => {
    splitter.take(chunk);
    if (splitter.pending() > longest) fail(`the answer is over ${longest} characters`);
    else settle();
  });

  const send: Send = (commands) =>
    new Promise((resolve) => {
      const blocks: string[] = [];
      const line = commands.join(";");
      if (Buffer.byteLength(line) > LONGEST_LINE && !line.includes("<<")) {
        fail(`a line of ${Buffer.byteLength(line)} bytes is over ${LONGEST_LINE}`);
      }
      settle = () => {
        blocks.push(...splitter.give(commands.length - blocks.length));
        if (blocks.length === commands.length) resolve({ kind: "reply", blocks });
        else if (failure !== undefined) resolve({ kind: "failed", why: failure });
      };
      if (failure === undefined) socket.write(`${line}\n`);
      settle();
    });

  try {
    return await use(send);
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

/** Sends one line on a connection of its own. */
export function sendOnce(
  path: string,
  commands: readonly string[],
  limits: Limits,
): Promise<Reply> {
  return withRuntimeSocket(path, limits, (send) => send(commands));
}

/** Cuts a stream of answers at their empty lines. An interactive connection puts a prompt before each answer. */
function splitReplies() {
  let text = "";
  let from = 0;
  let line = 0;
  let ready: string[] = [];
  let waiting = 0;

  return {
    take(chunk: string): void {
      text += chunk;
      waiting += chunk.length;
      for (let end = text.indexOf("\n", line); end !== -1; end = text.indexOf("\n", line)) {
        if (line === from && text.startsWith("> ", from)) {
          from += 2;
          line += 2;
        }
        if (end === line) {
          ready.push(text.slice(from, end));
          from = end + 1;
        }
        line = end + 1;
      }
      text = text.slice(from);
      line -= from;
      from = 0;
    },
    give(count: number): readonly string[] {
      const given = ready.slice(0, count);
      ready = ready.slice(count);
      waiting = text.length;
      return given;
    },
    pending: (): number => waiting,
  };
}

/**
 * Sends commands that HAProxy answers with nothing when they have worked, in as few lines as they fit into. Rejects with the
 * first that has not worked.
 */
export async function sendChecked(send: Send, commands: readonly string[]): Promise<void> {
  for (const line of batchesOf(commands)) {
    const reply = await send(line);
    if (reply.kind === "failed") throw new Error(reply.why);
    const failed = reply.blocks.findIndex((block) => !isQuiet(block));
    if (failed !== -1) throw new Error(`${line[failed]}: ${reply.blocks[failed]?.trim()}`);
  }
}

// A session may have ended by itself since it was seen.
const isQuiet = (block: string): boolean =>
  block.trim() === "" || block.startsWith("No such session");

function* batchesOf(commands: readonly string[]): Generator<readonly string[]> {
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
