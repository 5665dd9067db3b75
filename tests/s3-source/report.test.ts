import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";

import type { Applied } from "../../proxy-image/src/report/applied.ts";
import type { Bucket } from "../../proxy-image/src/s3/bucket.ts";
import { s3Report } from "../../proxy-image/src/s3/source.ts";
import { until } from "../support/until.ts";
import type { Portal } from "./portal.ts";
import { BUCKET, createMessages, portal } from "./portal.ts";

const KEY = "reported/orders/orders-portal-1/applied.json";

const reportOf = (digest: string, at: number): Applied => ({
  at,
  portal: "orders-portal-1",
  digest,
  refused: null,
  failing: null,
  epoch: null,
  endpoints: {},
});

interface Reporting extends Portal {
  /** Reports as the agent does, and waits until what it began has ended. */
  readonly send: (applied: Applied) => Promise<void>;
  readonly report: (applied: Applied) => void;
  /** `at` of each report that was sent. */
  readonly sent: readonly number[];
  readonly messages: readonly string[];
  readonly held: () => Applied | undefined;
}

async function reporting(t: TestContext): Promise<Reporting> {
  const it = await portal(t);
  const messages: string[] = [];
  const sent: number[] = [];
  let sending: Promise<unknown> = Promise.resolve();
  const bucket: Pick<Bucket, "put"> = {
    put: (key, text) => {
      sent.push(JSON.parse(text).at);
      const put = it.bucket.put(key, text);
      sending = put;
      return put;
    },
  };
  const report = s3Report({ bucket, key: KEY, clock: it.clock, log: createMessages(messages) });
  const held = () => {
    const text = it.s3.objects.get(BUCKET, KEY)?.body.toString();
    return text === undefined ? undefined : JSON.parse(text);
  };
  const send = async (applied: Applied) => {
    report(applied);
    await sending;
    await setImmediate();
  };
  return { ...it, send, report, sent, messages, held };
}

test("a report goes into the bucket when it says something new, and otherwise every 30 s", async (t) => {
  const it = await reporting(t);

  for (let second = 0; second <= 70; second++) {
    await it.send(reportOf(second < 35 ? "first" : "second", second));
    it.skip(1000);
  }

  assert.deepEqual(it.sent, [0, 30, 35, 65]);
  assert.deepEqual(it.held(), reportOf("second", 65));
  assert.deepEqual(it.messages, []);
});

test("reports that change at every call are a second apart", async (t) => {
  const it = await reporting(t);

  for (let ms = 0; ms <= 2500; ms += 250) {
    await it.send(reportOf(`${ms}`, ms));
    it.skip(250);
  }

  assert.deepEqual(it.sent, [0, 1000, 2000]);
});

test("reports that S3 doesn't take are tried again ever more seldom, told once, and over when S3 takes them", async (t) => {
  const it = await reporting(t);
  it.s3.fault = { kind: "status", status: 403, code: "AccessDenied", only: "PUT" };

  for (let second = 0; second <= 100; second++) {
    await it.send(reportOf("first", second));
    it.skip(1000);
  }
  assert.deepEqual(it.sent, [0, 2, 6, 14, 30, 60, 90]);
  it.s3.fault = null;
  it.skip(30_000);
  await it.send(reportOf("first", 131));

  assert.deepEqual(it.held(), reportOf("first", 131));
  assert.deepEqual(it.messages, [
    "!The report can't be put into the bucket: S3 answers 403 AccessDenied",
    "Reports go into the bucket again",
  ]);
});

test("a report that hangs holds nothing up, and there is never a second one beside it", async (t) => {
  const it = await reporting(t);
  it.put("first");
  it.s3.fault = { kind: "hanging", only: "PUT" };

  it.report(reportOf("first", 1));
  it.skip(60_000);
  it.report(reportOf("second", 2));
  await it.look();

  assert.deepEqual(it.served, ["first"]);
  assert.deepEqual(it.sent, [1]);
  await until("it is told", 20_000, () => it.messages.length > 0);
  assert.match(String(it.messages[0]), /no whole answer in 1500 ms$/);
});
