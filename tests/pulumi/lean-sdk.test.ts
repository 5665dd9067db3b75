import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const LEAN = join(import.meta.dirname, "../../infra/lean-sdk.ts");

/** Runs a program that begins with `infra/lean-sdk.ts` and keeps the SDK's channel open, once or until its end. */
function run(rest: string, env: Readonly<Record<string, string>> = {}) {
  const program = `
    await import(${JSON.stringify(LEAN)});
    const { createRequire } = await import("node:module");
    const require = createRequire(${JSON.stringify(LEAN)});
    const { rpcKeepAlive } = require("@pulumi/pulumi/runtime/settings.js");
    const { getStore } = require("@pulumi/pulumi/runtime/state.js");
    const done = rpcKeepAlive();
    ${rest}`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
}

const TRACES = `
  const traces = [...getStore().leakCandidates].filter((promise) => promise._debugStackTrace);
  console.log(traces.length);
  done();`;

test("the SDK keeps no stack trace for a promise, but where a person asks for them", () => {
  assert.deepEqual(
    [run(TRACES).stdout, run(TRACES, { PORTICO_DEBUG: "1" }).stdout],
    ["0\n", "1\n"],
  );
});

test("what never settles still fails the program at its end", () => {
  const { status, stderr } = run("");
  assert.match(stderr, /1 promise was still active/);
  assert.equal(status, 1);
  assert.equal(run("done();").status, 0);
});

test("a property's output is one that the SDK makes, whether it is read before the engine has answered or after", () => {
  const { stdout, stderr } = run(`
    const rpc = require("@pulumi/pulumi/runtime/rpc.js");
    const resource = { __pulumiResource: true };
    const settle = rpc.transferProperties(resource, "a resource", { id: "no", early: 1, late: 2, lost: 3 });
    const { early } = resource;
    settle.early("first", true, false);
    settle.late("second", true, true);
    settle.lost(undefined, true, false, [], new Error("no answer"));
    const { late } = resource;
    console.log(Object.keys(settle).join(), early === resource.early, late === resource.late);
    for (const output of [early, late]) {
      const [of] = output.resources();
      console.log(await output.promise(), await output.isSecret, of === resource);
    }
    await resource.lost.promise().catch((error) => console.log(error.message));
    process.exit();`);
  assert.equal(
    stdout,
    "early,late,lost true true\nfirst false true\nsecond true true\nno answer\n",
    stderr,
  );
});

test("neither TypeScript nor npm's own library is loaded, until a function is to be sent to a cloud", () => {
  const loaded = `Object.keys(require.cache).filter((file) => /typescript|arborist/.test(file)).length`;
  const { stdout, stderr } = run(`
    const pulumi = require("@pulumi/pulumi");
    const before = ${loaded};
    const { text } = await pulumi.runtime.serializeFunction(() => "sent");
    console.log(before, ${loaded} > 0, text.includes("sent"), typeof pulumi.automation.LocalWorkspace);
    process.exit();`);
  assert.equal(stdout, "0 true true function\n", stderr);
});
