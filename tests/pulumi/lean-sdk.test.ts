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
