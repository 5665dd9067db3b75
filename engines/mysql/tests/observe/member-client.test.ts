import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../../../tests/observe/support/until.ts";
import { DEADLINE_MS, GIVEN_UP_MS, kindOf, packet, recovers, start, whyOf } from "./client.ts";
import { recorded } from "./stand-in.ts";

const greeting = recorded("greeting");
const welcome = recorded("welcome");
const rows = recorded("rows");

test("a member is asked again and again, on one session", async (t) => {
  const { mysql, client } = await start(t);

  const first = await client.ask(DEADLINE_MS);
  const second = await client.ask(DEADLINE_MS);

  assert.ok(first.kind === "answer" && first.answer.kind === "member", whyOf(first));
  assert.equal(first.answer.own.address, "10.0.0.1");
  assert.deepEqual(second, first);
  assert.equal(mysql.connections.size, 1);
  client.stop();
  await until("the session is closed", () => mysql.connections.size === 0);
});

test("a session that is closed is told of at once, and made anew", async (t) => {
  const { mysql, client } = await start(t);
  await client.ask(DEADLINE_MS);

  for (const session of mysql.sessions) session.end(recorded("farewell"));
  await until("the line has noticed", () => client.dropped() === 1);

  const outcome = await client.ask(DEADLINE_MS);
  assert.equal(kindOf(outcome), "closed");
  assert.match(whyOf(outcome), /Got an error reading communication packets/);
  await recovers(mysql, client);
});

test("what the server refuses is said, and the session stays", async (t) => {
  const { mysql, client } = await start(t);
  mysql.answer = recorded("refusal");

  const outcome = await client.ask(DEADLINE_MS);

  assert.equal(kindOf(outcome), "unreadable");
  assert.match(whyOf(outcome), /Unknown column 'nope'/);
  await recovers(mysql, client);
  assert.equal(mysql.connections.size, 1);
});

test("a server of another name is told nothing", async (t) => {
  const { mysql, client } = await start(t, "n2");

  const outcome = await client.ask(DEADLINE_MS);

  assert.equal(kindOf(outcome), "closed");
  assert.match(whyOf(outcome), /Host: n2\. is not in the cert's altnames/);
  assert.equal(mysql.sessions.size, 0);
  await until("the connection is closed", () => mysql.connections.size === 0);
});

const strangers: Readonly<Record<string, readonly [string | Buffer, RegExp]>> = {
  "an SSH server": ["SSH-2.0-OpenSSH_10.0\r\n", /^speaks no MySQL: .*"SSH-2\.0-OpenSSH_10\.0"$/],
  "a web server": ["HTTP/1.1 400 Bad Request\r\n\r\n", /^speaks no MySQL: .*"HTTP\/1\.1 400/],
  PostgreSQL: ["E\0\0\0\x45SFATAL\0", /^speaks no MySQL: /],
  "a server without TLS": [Buffer.from(greeting).fill(0, 26, 28), /^speaks MySQL without TLS$/],
  "a server of before 1998": [Buffer.from(greeting).fill(9, 4, 5), /protocol 9, .* too old$/],
  "a login that went well before TLS": [Buffer.concat([greeting, welcome]), /before TLS$/],
};
for (const [what, [greeting, why]] of Object.entries(strangers))
  test(`${what} is named at once, and asked again until it is a server of ours`, async (t) => {
    const { mysql, client } = await start(t);
    mysql.greeting = Buffer.from(greeting);

    const outcome = await client.ask(DEADLINE_MS);

    assert.equal(kindOf(outcome), "other");
    assert.match(whyOf(outcome), why);
    await until("its connection is closed", () => mysql.connections.size === 0, 500);
    await recovers(mysql, client);
  });

test("a server that refuses before it greets is quoted", async (t) => {
  const { mysql, client } = await start(t);
  mysql.greeting = packet(0, "\xff\x10\x04Too many connections");

  assert.match(whyOf(await client.ask(DEADLINE_MS)), /Too many connections/);
  await recovers(mysql, client);
});

test("a greeting that ends anywhere is a closed connection", async (t) => {
  const { mysql, client } = await start(t);
  mysql.ends = "greeting";
  for (let length = 0; length <= greeting.length; length++) {
    mysql.greeting = greeting.subarray(0, length);
    assert.equal(kindOf(await client.ask(DEADLINE_MS)), "closed", `${length} bytes`);
  }
  await recovers(mysql, client);
});

for (const [phase, whole] of Object.entries({ greeting, welcome, answer: rows }))
  test(`a server that hangs anywhere in its ${phase} is silent, and given up`, async (t) => {
    const step = Math.ceil(whole.length / 48);
    const lengths = Array.from({ length: Math.ceil(whole.length / step) }, (_, at) => at * step);
    // Few at once: each is a login with TLS, and has to recover in time on a busy machine, too.
    for (let at = 0; at < lengths.length; at += 24)
      await Promise.all(
        lengths.slice(at, at + 24).map(async (length) => {
          const { mysql, client } = await start(t);
          Object.assign(mysql, { [phase]: whole.subarray(0, length) });
          assert.equal(kindOf(await client.ask(500)), "silent", `${length} bytes`);
          await until("it is given up", () => mysql.connections.size === 0, GIVEN_UP_MS);
          await recovers(mysql, client);
        }),
      );
  });

test("a server that freezes is asked once when it wakes up, not once for each question it missed", async (t) => {
  const { mysql, client } = await start(t);
  await client.ask(DEADLINE_MS);
  mysql.answer = Buffer.alloc(0);
  for (let question = 0; question < 10; question++)
    assert.equal(kindOf(await client.ask(50)), "silent");
  const before = mysql.questions();

  await recovers(mysql, client);

  assert.equal(mysql.questions() - before, 1);
});
