import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";

import { LONGEST_DOCUMENT } from "../../proxy-image/src/contract.ts";
import type { Fault } from "../support/s3/fault.ts";
import { BUCKET, KEY, type Portal, portal } from "./portal.ts";

interface Row {
  readonly name: string;
  readonly spoil: (it: Portal) => unknown;
  /** What the portal says of it. */
  readonly why: RegExp;
  /** Whether it is the source that fails, or the document that is refused. */
  readonly as: "failing" | "refused";
}

const fault = (name: string, kind: Fault, why: RegExp): Row => ({
  name,
  spoil: (it) => {
    it.put("hidden by the fault");
    it.s3.fault = kind;
  },
  why,
  as: "failing",
});

const wrong = (name: string, spoil: Row["spoil"], why: RegExp): Row => ({
  name,
  spoil,
  why,
  as: "refused",
});

const ROWS: readonly Row[] = [
  fault("denies", { kind: "status", status: 403, code: "AccessDenied" }, /403 AccessDenied$/),
  fault("has no such bucket", { kind: "status", status: 404, code: "NoSuchBucket" }, /404 NoSuch/),
  fault("throttles", { kind: "status", status: 503, code: "SlowDown" }, /503 SlowDown$/),
  fault("has an error", { kind: "status", status: 500, code: "InternalError" }, /500 InternalErr/),
  fault("answers late", { kind: "late", ms: 4000 }, /no whole answer in 1500 ms$/),
  fault("drips", { kind: "drip", bytes: 20, ms: 200 }, /no whole answer in 1500 ms$/),
  fault("never answers", { kind: "hanging" }, /no whole answer in 1500 ms$/),
  fault("breaks off", { kind: "truncated", missing: 10 }, /answer breaks off$/),
  fault("cuts connections", { kind: "cut" }, /can't be reached: ECONNRESET$/),
  fault("sends another byte", { kind: "altered" }, /another checksum$/),
  fault("says 304 of another object", { kind: "not-modified", etag: '"other"' }, /answers 304/),
  {
    name: "has no such object",
    spoil: ({ s3 }) => s3.objects.remove(BUCKET, KEY),
    why: /404 NoSuchKey$/,
    as: "failing",
  },
  {
    name: "refuses connections",
    spoil: ({ s3 }) => s3.close(),
    why: /can't be reached: ECONNREFUSED$/,
    as: "failing",
  },
  wrong(
    "holds an older generation",
    (it) => it.put("of an older cluster", 1),
    /^is of generation 1, 2 was seen$/,
  ),
  wrong("holds no JSON", ({ s3 }) => s3.objects.put(BUCKET, KEY, "<html>"), /^is not JSON/),
  wrong("holds other JSON", ({ s3 }) => s3.objects.put(BUCKET, KEY, "{}"), /contract: /),
  wrong(
    "holds too much",
    ({ s3 }) => s3.objects.put(BUCKET, KEY, Buffer.alloc(LONGEST_DOCUMENT + 1, " ")),
    /^is over 33554432 bytes long$/,
  ),
  wrong(
    "holds too much and drips",
    ({ s3 }) => {
      s3.objects.put(BUCKET, KEY, Buffer.alloc(LONGEST_DOCUMENT + 1, " "));
      s3.fault = { kind: "drip", bytes: 20, ms: 200 };
    },
    /^is over 33554432 bytes long$/,
  ),
  wrong(
    "holds too much and names no ETag",
    ({ s3 }) => {
      s3.objects.put(BUCKET, KEY, Buffer.alloc(LONGEST_DOCUMENT + 1, " "));
      s3.fault = { kind: "etag", etag: null };
    },
    /^is over 33554432 bytes long$/,
  ),
  wrong(
    "sends too much and no length",
    ({ s3 }) => {
      s3.objects.put(BUCKET, KEY, Buffer.alloc(LONGEST_DOCUMENT + 1, " "));
      s3.fault = { kind: "unmeasured" };
    },
    /^is over 33554432 bytes long$/,
  ),
];

async function serving(t: TestContext): Promise<Portal> {
  const it = await portal(t);
  it.put("first");
  await it.look();
  assert.deepEqual(it.served, ["first"]);
  return it;
}

async function heal({ s3 }: Portal): Promise<void> {
  s3.fault = null;
  await s3.close();
  await s3.open();
}

const isFailing = ({ documents }: Portal) => ({
  failing: documents.failing()?.why,
  refused: documents.refused()?.why,
});

for (const { name, spoil, why, as } of ROWS) {
  test(`when S3 ${name}, the last good document stays, one alarm says why, and the next good one is taken`, async (t) => {
    const it = await serving(t);

    await spoil(it);
    await it.look();
    await it.look();

    const { [as]: reason, ...other } = isFailing(it);
    assert.match(String(reason), why);
    assert.deepEqual(Object.values(other), [undefined]);
    const alarms = it.log.filter((line) => line.startsWith("!"));
    assert.equal(alarms.length, 1, alarms.join("\n"));
    assert.match(String(alarms[0]), /the last good one stays in force: /);
    assert.deepEqual(it.served, ["first"]);

    await heal(it);
    it.put("second");
    await it.look();

    assert.deepEqual(it.served, ["first", "second"]);
    assert.deepEqual(isFailing(it), { failing: undefined, refused: undefined });
    const over = it.log.filter((line) => line.startsWith("Documents can be had again"));
    assert.equal(over.length, as === "failing" ? 1 : 0);
  });
}

test("a source that answers again with the document in force says so, and nothing is judged anew", async (t) => {
  const it = await serving(t);

  it.s3.fault = { kind: "status", status: 403, code: "AccessDenied" };
  await it.look();
  const since = it.documents.failing()?.since;
  it.s3.fault = { kind: "hanging" };
  await it.look();
  assert.equal(it.documents.failing()?.since, since);
  it.s3.fault = null;
  await it.look();

  assert.deepEqual(it.fetched, ["document", "failed", "failed", "same"]);
  assert.deepEqual(isFailing(it), { failing: undefined, refused: undefined });
  assert.deepEqual(
    it.log.map((line) => line.replace(/.*: /, "")),
    [
      "The document is taken up",
      "S3 answers 403 AccessDenied",
      "S3 gives no whole answer in 1500 ms",
      "Documents can be had again, after 2 s",
    ],
  );
});

test("a refused document stays refused while S3 says that it is the same", async (t) => {
  const it = await serving(t);
  it.s3.objects.put(BUCKET, KEY, "{");

  await it.look();
  it.s3.fault = { kind: "hanging" };
  await it.look();
  it.s3.fault = null;
  await it.look();

  assert.deepEqual(it.fetched, ["document", "refused", "failed", "same"]);
  assert.match(String(isFailing(it).refused), /^is not JSON/);
});

test("a document that did not change is asked for by its ETag, and costs neither a body nor a judgement", async (t) => {
  const it = await serving(t);

  await it.look();
  await it.look();

  const etag = it.s3.objects.get(BUCKET, KEY)?.etag;
  assert.deepEqual(
    it.s3.requests.map(({ status, ifNoneMatch }) => [status, ifNoneMatch]),
    [
      [200, undefined],
      [304, etag],
      [304, etag],
    ],
  );
  assert.deepEqual(it.fetched, ["document", "same", "same"]);
});

for (const etag of ['"another"', null]) {
  test(`with the ETag ${etag} the same text is not judged anew, and another one is taken`, async (t) => {
    const it = await serving(t);

    it.s3.fault = { kind: "etag", etag };
    await it.look();
    await it.look();
    assert.deepEqual(it.fetched, ["document", "same", "same"]);
    it.s3.fault = { kind: "etag", etag: etag && '"a third"' };
    it.put("second");
    await it.look();

    assert.deepEqual(it.served, ["first", "second"]);
  });
}

test("an older version of the same generation is what the stack went back to, and is taken", async (t) => {
  const it = await serving(t);
  it.put("second");
  await it.look();

  it.s3.fault = { kind: "older" };
  await it.look();

  assert.deepEqual(it.served, ["first", "second", "first"]);
});

test("while S3 throttles there are ever fewer requests, two seconds after the first, never over 30 apart", async (t) => {
  const it = await serving(t);
  const { requests } = it.s3;
  /** The seconds between requests, when looks are a second apart. */
  const pausesDuring = async (seconds: number) => {
    it.s3.fault = { kind: "status", status: 503, code: "SlowDown" };
    const at: number[] = [];
    for (let second = 0; second <= seconds; second++) {
      const asked = requests.length;
      await it.documents.look();
      if (requests.length > asked) at.push(second);
      it.skip(1000);
    }
    return at.slice(1).map((second, i) => second - Number(at[i]));
  };

  assert.deepEqual(await pausesDuring(120), [2, 4, 8, 16, 30, 30, 30]);
  it.s3.fault = null;
  await it.look();
  assert.equal(it.documents.failing(), null);
  assert.deepEqual(await pausesDuring(6), [2, 4]);
});
