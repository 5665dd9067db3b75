import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { listenToBeats } from "../../../../proxy-image/src/engines/postgresql/beats.ts";
import { credentialsOf } from "../../../../proxy-image/src/observe/observer.ts";
import { portalOf } from "../../../../tests/observe/support/portal.ts";
import { until } from "../../../../tests/observe/support/until.ts";
import { Authority } from "../../../../tests/support/authority.ts";
import { leading, startPatroni } from "./patroni-stand-in.ts";

const authority = await Authority.create();
const credentials = credentialsOf(await portalOf(authority), "TLSv1.2");

async function start(t: TestContext, keeps = true) {
  const patroni = await startPatroni(authority, "a");
  patroni.status = leading("a");
  patroni.keeps = keeps;
  let now = 0;
  let news = 0;
  const overdue: string[] = [];
  const beats = listenToBeats({
    ...{ name: "a", address: "127.0.0.1", port: patroni.port, credentials },
    clock: () => now,
    onNews: () => news++,
    onOverdue: (why) => overdue.push(why),
  });
  t.after(async () => {
    beats.stop();
    await patroni.stop();
  });
  const beat = async (line: string) => {
    const before = beats.at();
    await until("somebody listens", () => patroni.listeners.size > 0);
    patroni.beat(line);
    await until("it is heard", () => beats.at() !== before);
  };
  return { patroni, beats, beat, overdue, news: () => news, pass: (ms: number) => (now += ms) };
}

test("the same line again and again is life, another one is news", async (t) => {
  const { beats, beat, news, pass } = await start(t);
  assert.equal(beats.live(), false);

  await beat("500 running True streaming");
  assert.equal(beats.live(), true);
  assert.equal(news(), 1);
  pass(250);
  await beat("500 running True streaming");
  assert.equal(news(), 1);
  pass(250);
  await beat("250 running False None");
  assert.equal(news(), 2);
});

test("a node that misses a beat is told once, until it beats again", async (t) => {
  const { beats, beat, overdue, pass } = await start(t);
  await beat("250 running False None");

  pass(490);
  beats.check();
  await pause(5);
  assert.deepEqual(overdue, []);
  pass(20);
  for (let time = 0; time < 3; time++) beats.check();
  await until("it is told", () => overdue.length > 0);
  beats.check();
  await pause(5);
  assert.deepEqual(overdue, ["gives no answer in 500 ms"]);
  assert.equal(beats.live(), false);

  await beat("250 running False None");
  assert.equal(beats.live(), true);
});

test("a beat that is late is a reason to ask PostgreSQL's port, long before the node counts as silent", async (t) => {
  const { beats, beat, overdue, pass } = await start(t);
  await beat("250 running False None");

  pass(340);
  assert.equal(beats.isLate(100), false);
  pass(20);
  assert.equal(beats.isLate(100), true);
  beats.check();
  await pause(5);
  assert.deepEqual(overdue, []);
});

test("a beat says itself when the next one is due", async (t) => {
  const { beats, beat, overdue, pass } = await start(t);
  await beat("500 running True streaming");

  pass(740);
  assert.equal(beats.live(), true);
  pass(20);
  beats.check();
  await until("it is told", () => overdue.length > 0);
});

test("a beat that came while this process was held up counts", async (t) => {
  const { patroni, beats, beat, overdue, pass } = await start(t);
  await beat("250 running False None");
  pass(300);
  patroni.beat("250 running False None");
  // It is in the socket, and this process reads nothing.
  const until = performance.now() + 200;
  while (performance.now() < until);
  pass(400);
  beats.check();

  await pause(50);
  assert.deepEqual(overdue, []);
});

test("a connection that ends is news, and another one follows", async (t) => {
  const { patroni, beats, beat, news } = await start(t);
  await beat("250 running False None");

  for (const socket of patroni.listeners) socket.destroy();

  await until("it is told", () => news() === 2);
  assert.equal(beats.live(), false);
  await until("it listens again", () => patroni.listeners.size === 1);
});

test("a Patroni without beats is left in peace", async (t) => {
  const { patroni, beats, news } = await start(t, false);

  await until("it was asked", () => patroni.questions === 1);
  await pause(700);

  assert.equal(patroni.questions, 1);
  assert.equal(beats.live(), false);
  assert.equal(news(), 0);
});
