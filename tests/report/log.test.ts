import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

const LOG = join(resolve(import.meta.dirname, "../.."), "proxy-image/src/report/log.ts");

/** A process that does this with its log. Nobody reads its output until the test does; on standard error it says how it is. */
function start(body: string) {
  const program = `import { createLog } from ${JSON.stringify(LOG)};
    const { log, exit } = createLog("orders-portal-1");
    ${body}`;
  const args = ["--input-type=module-typescript", "--no-warnings", "-e", program];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });
  const stderrLines = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string | undefined> => (await stderrLines.next()).value;
  return { child, nextLine };
}

test("a log that nobody reads stops nothing, takes a bounded memory, and tells afterwards what is missing from it", {
  timeout: 120_000,
}, async () => {
  const LINES = 20_000;
  const { child, nextLine } = start(`
    const text = "x".repeat(300);
    for (let n = 0; n < ${LINES}; n++) {
      log.info({ n }, text);
      if (n % 100 === 0) await new Promise(setImmediate);
    }
    console.error("written");
    process.stdin.once("data", () => exit(0));`);

  assert.equal(await nextLine(), "written");
  const lines: { n?: number; dropped?: number; msg: string }[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const read = JSON.parse(line);
    lines.push(read);
    if (read.dropped !== undefined) child.stdin.write("end\n");
  }

  const described = lines.findLast(({ dropped }) => dropped !== undefined);
  const numbers = lines.flatMap(({ n }) => (n === undefined ? [] : [n]));
  assert.ok(numbers.length < LINES, "nothing was dropped, so nothing was tried");
  const missing = lines.reduce((sum, { dropped = 0 }) => sum + dropped, 0);
  assert.equal(numbers.length + missing, LINES);
  assert.match(String(described?.msg), /^\d+ lines of this log were dropped: nobody read it$/);
});

test("the last lines come out, and a process that ends doesn't wait for a reader", {
  timeout: 60_000,
}, async () => {
  const read = start(`log.fatal("the end"); void exit(3);`);
  const closed = once(read.child, "close");
  const lines: string[] = [];
  for await (const line of createInterface({ input: read.child.stdout })) lines.push(line);
  assert.equal(JSON.parse(lines[0] ?? "{}").msg, "the end");
  assert.deepEqual((await closed)[0], 3);

  const unread = start(`
    for (let n = 0; n < 1000; n++) log.info("x".repeat(300));
    void exit(3);`);
  await once(unread.child, "exit");
  unread.child.stdout.destroy();
});
