import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";
import { until } from "../../../../tests/observe/support/until.ts";
import { clientTo, DEADLINE_MS, kindOf, packet, recovers, start, whyOf } from "./client.ts";
import { recorded } from "./stand-in.ts";

const SEED = 20_260;
const welcome = recorded("welcome");
const rows = recorded("rows");

test("no packet that answers nothing harms more than its session", async (t) => {
  const { mysql, client } = await start(t);
  const farewell = recorded("farewell").toString("latin1", 4);
  for (let length = 0; length <= farewell.length; length++) {
    await recovers(mysql, client);
    const before = client.dropped();
    for (const session of mysql.sessions) session.write(packet(0, farewell.slice(0, length)));
    await until(`${length} bytes end the session`, () => client.dropped() > before);
    assert.equal(kindOf(await client.ask(DEADLINE_MS)), "closed", `${length} bytes`);
  }
});

const plainPassword = packet(3, "\xfemysql_clear_password\0");
const hostile: Readonly<
  Record<string, readonly [Partial<Record<"welcome" | "answer", Buffer>>, RegExp]>
> = {
  "another way to log in": [{ welcome: packet(3, "\xfedialog\0abc") }, /unknown plugin dialog/],
  "a wish for the password as it is": [{ welcome: plainPassword }, /is disabled by default/],
  "an answer before the question": [
    { welcome: Buffer.concat([welcome, rows]) },
    /^failed: Unexpected packet/,
  ],
  "a cut error after its welcome": [
    { welcome: Buffer.concat([welcome, packet(0, "\xff")]) },
    /^failed: .*out of range/,
  ],
  "a cut error after its answer": [
    { answer: Buffer.concat([rows, packet(0, "\xff")]) },
    /^failed: .*out of range/,
  ],
  "columns without an end": [
    { answer: Buffer.from(rows).fill(0, rows.indexOf("0500000bfe", "hex") + 4) },
    /^failed: Expected EOF/,
  ],
  "an answer out of order": [
    { answer: Buffer.from(rows).fill(7, 3, 4) },
    /^failed: .*out of order/,
  ],
  "a wish for a file": [{ answer: packet(1, "\xfb/etc/passwd") }, /^failed: /],
  "the head of 16 MB": [{ answer: Buffer.from("ffffff0101", "hex") }, /^gives no answer/],
};
for (const [what, [bytes, why]] of Object.entries(hostile))
  test(`a server that sends ${what} is not believed, and asked again`, async (t) => {
    const { mysql, client } = await start(t);
    Object.assign(mysql, bytes);

    assert.match(whyOf(await client.ask(500)), why);
    await recovers(mysql, client);
  });

for (const phase of ["greeting", "welcome", "answer"] as const)
  test(`no bytes in place of the ${phase} end the agent, or keep it from asking again`, async (t) => {
    // The driver's, of bytes that it can't read.
    t.mock.method(console, "trace", () => {});
    const { mysql } = await start(t);
    const whole = phase === "answer" ? rows : recorded(phase);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    const changed = fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
    const any = fc.uint8Array({ minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.oneof(changed, any), async (bytes) => {
        Object.assign(mysql, { [phase]: bytes, ends: phase });
        const client = clientTo(mysql);
        await client.ask(DEADLINE_MS);
        await recovers(mysql, client);
        client.stop();
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

test("no bytes that nobody asked for end the agent, or keep it from asking again", async (t) => {
  const { mysql, client } = await start(t);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      await recovers(mysql, client);
      const before = client.dropped();
      for (const session of mysql.sessions) session.end(bytes);
      await until("the session has ended", () => client.dropped() > before);
      assert.equal(kindOf(await client.ask(DEADLINE_MS)), "closed");
    }),
    { seed: SEED, numRuns: 50 },
  );
});
