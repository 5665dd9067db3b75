import assert from "node:assert/strict";
import { test } from "node:test";
import { readFacts } from "../../proxy-image/src/apply/read-actual.ts";
import { setServerState, shutdownSession } from "../../proxy-image/src/apply/runtime-commands.ts";
import { sendOnce, withRuntimeSocket } from "../../proxy-image/src/apply/runtime-socket.ts";
import { stopwatch } from "../support/stopwatch.ts";
import { socketThat } from "./socket-that.ts";

const DEADLINE = { deadlineMs: 150 };

test("each command gets its own answer, however the bytes arrive", async (t) => {
  const bytes = "one\nline\n\n\nthree\n\n";
  for (let cut = 0; cut <= bytes.length; cut++) {
    const path = await socketThat(t, (socket) => {
      socket.write(bytes.slice(0, cut));
      setImmediate(() => socket.write(bytes.slice(cut)));
    });
    const reply = await sendOnce(path, ["a", "b", "c"], { deadlineMs: 2_000 });
    assert.deepEqual(reply, { kind: "reply", blocks: ["one\nline\n", "", "three\n"] });
  }
});

test("an interactive connection's prompts are no part of an answer", async (t) => {
  const path = await socketThat(t, (socket, line) => {
    socket.write(line.startsWith("prompt") ? "\n> " : "value\n\n> ");
  });
  const blocks = await withRuntimeSocket(path, { deadlineMs: 2_000 }, async (send) => {
    await send(["prompt"]);
    const [first, second] = [await send(["x"]), await send(["y"])];
    return [first, second];
  });
  assert.deepEqual(blocks, [
    { kind: "reply", blocks: ["value\n"] },
    { kind: "reply", blocks: ["value\n"] },
  ]);
});

test("no prefix of an answer is ever taken for the whole", async (t) => {
  const bytes = "first\n\nsecond\n\n";
  for (let length = 0; length < bytes.length; length++) {
    const path = await socketThat(t, (socket) => socket.end(bytes.slice(0, length)));
    const reply = await sendOnce(path, ["a", "b"], { deadlineMs: 2_000 });
    assert.equal(reply.kind, "failed", `${length} bytes`);
  }
});

test("a socket that stalls is a failure within the deadline, and so is one that drips", async (t) => {
  const stalls = await socketThat(t, () => {});
  const drips = await socketThat(t, (socket) => {
    const drip = setInterval(() => socket.write("x"), 5);
    socket.on("close", () => clearInterval(drip));
  });
  for (const path of [stalls, drips]) {
    const ran = stopwatch();
    const reply = await sendOnce(path, ["show info"], DEADLINE);
    assert.deepEqual(reply, { kind: "failed", why: "no whole answer in 150 ms" });
    assert.ok(ran() < 1_000);
  }
});

test("an answer that never stops growing is cut off at the limit", async (t) => {
  const path = await socketThat(t, (socket) => {
    const flood = (): void => {
      while (!socket.destroyed && socket.write("x".repeat(10_000)));
    };
    socket.on("drain", flood);
    flood();
  });
  const reply = await sendOnce(path, ["show sess"], { deadlineMs: 5_000, longest: 100_000 });
  assert.deepEqual(reply, { kind: "failed", why: "the answer is over 100000 characters" });
});

test("a socket that isn't there is a failure that names it", async () => {
  const reply = await sendOnce("/nonexistent/admin.sock", ["show info"], DEADLINE);
  assert.match(reply.kind === "failed" ? reply.why : "", /ENOENT .*admin\.sock/);
});

test("a line that HAProxy would cut is never sent", async (t) => {
  let received = "";
  const path = await socketThat(t, (_, line) => {
    received += line;
  });
  const reply = await sendOnce(path, ["x".repeat(16_000)], DEADLINE);
  assert.match(reply.kind === "failed" ? reply.why : "", /a line of 16000 bytes/);
  assert.equal(received, "");
});

for (const value of ["a;b", "a b", "a\nb", "a\rb", "<<x", "", 'a"b', "a\\b", "a\0b", "ä"]) {
  test(`${JSON.stringify(value)} never reaches a command line`, () => {
    assert.throws(() => setServerState("primary", value, "maint"), { name: "UnsafeArgument" });
    assert.throws(() => shutdownSession(value), { name: "UnsafeArgument" });
  });
}

test("answers that make no sense are told apart by their question", () => {
  assert.match(String(readFacts(["", "", "", ""], "/w")), /show info/);
  const info = "Pid: 7\nStart_time_sec: 99\n";
  assert.match(String(readFacts([info, "nonsense", "", ""], "/w")), /show stat/);
  const stat = "# pxname,svname,qcur,qmax,scur,smax,slim\n";
  assert.match(String(readFacts([info, stat, "2\n", ""], "/w")), /show servers state/);
});
