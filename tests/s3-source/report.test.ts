import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";

import type { Applied } from "../../proxy-image/src/report/applied.ts";
import { s3Report } from "../../proxy-image/src/s3/report.ts";
import { until } from "../support/until.ts";
import { BUCKET, createMessages, type Portal, portal } from "./portal.ts";

const KEY = "orders/orders-portal-1/reported/applied.json";

const saying = (digest: string, at: number): Applied => ({
  at,
  portal: "orders-portal-1",
  digest,
  refused: null,
  failing: null,
  epoch: null,
  endpoints: {},
});

interface Reporting extends Portal {
  readonly report: (applied: Applied) => void;
  readonly messages: readonly string[];
  /** What the bucket holds, when it holds one. */
  readonly held: () => Applied | undefined;
}

async function reporting(t: TestContext): Promise<Reporting> {
  const it = await portal(t);
  const messages: string[] = [];
  const { bucket, clock } = it;
  const report = s3Report({ bucket, key: KEY, clock, log: createMessages(messages) });
  const held = () => {
    const text = it.s3.objects.get(BUCKET, KEY)?.body.toString();
    return text === undefined ? undefined : JSON.parse(text);
  };
  return { ...it, report, messages, held };
}

/** Reports again and again, as the agent does, until the bucket holds what was said. */
const heldAt = ({ report, held, skip }: Reporting, applied: Applied) =>
  until(`the report of ${applied.at}`, 20_000, () => {
    skip(100);
    report(applied);
    return held()?.at === applied.at;
  });

test("a report goes into the bucket when it says something new, and otherwise every 30 s", async (t) => {
  const it = await reporting(t);

  await heldAt(it, saying("first", 1));
  assert.deepEqual(it.held(), saying("first", 1));
  const count = it.s3.requests.length;
  it.skip(1000);
  for (let at = 2; at < 29; at++) {
    it.report(saying("first", at));
    it.skip(1000);
  }
  assert.equal(it.s3.requests.length, count);
  await heldAt(it, saying("second", 30));
  it.skip(30_000);
  await heldAt(it, saying("second", 60));

  assert.equal(it.s3.requests.length, count + 2);
  assert.deepEqual(it.messages, []);
});

test("reports that change at every call are a second apart at least", async (t) => {
  const it = await reporting(t);
  await heldAt(it, saying("first", 1));
  const count = it.s3.requests.length;

  for (let at = 2; at < 12; at++) {
    it.report(saying(`${at}`, at));
    it.skip(50);
  }

  assert.equal(it.s3.requests.length, count);
  await heldAt(it, saying("last", 20));
});

test("a report that fails is told once, holds nothing up, and goes into the bucket when S3 takes it", async (t) => {
  const it = await reporting(t);
  it.put("first");
  it.s3.fault = { kind: "hanging", only: "PUT" };

  it.report(saying("first", 1));
  await it.look();
  assert.deepEqual(it.served, ["first"]);
  await until("the hanging report is told", 20_000, () => it.messages.length > 0);
  it.s3.fault = { kind: "status", status: 403, code: "AccessDenied", only: "PUT" };
  await until("the denial is told", 20_000, () => {
    it.skip(1000);
    it.report(saying("first", 2));
    return it.messages.length > 1;
  });
  const denied = () => it.s3.requests.filter(({ status }) => status === 403).length;
  const count = denied();
  await until("two more are denied", 20_000, () => {
    it.skip(1000);
    it.report(saying("first", 3));
    return denied() >= count + 2;
  });
  it.s3.fault = null;
  await heldAt(it, saying("first", 4));

  await until("the end is told", 20_000, () => it.messages.length > 2);
  assert.deepEqual(it.messages, [
    "!The report can't be put into the bucket: S3 gives no whole answer in 1500 ms",
    "!The report can't be put into the bucket: S3 answers 403 AccessDenied",
    "Reports go into the bucket again",
  ]);
});
