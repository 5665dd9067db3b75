import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setInterval as every } from "node:timers/promises";

import { makeInForce, reportsInS3 } from "../../infra/provider/in-force.ts";
import type { StandIn } from "../support/s3/server.ts";
import { startStandIn } from "../support/s3/server.ts";

const BUCKET = "portico-test";
const REGION = "eu-central-1";
const KEY = "reported/orders/orders-portal-1/applied.json";

interface Host {
  readonly s3: StandIn;
  readonly warnings: readonly string[];
  readonly create: () => Promise<unknown>;
  readonly update: (timeout?: number) => Promise<unknown>;
  /** A portal that reports every 100 ms. */
  readonly portal: (makeReport: () => object) => void;
}

/** The real client and the real resource against a stand-in of S3. */
async function host(t: TestContext): Promise<Host> {
  const s3 = await startStandIn({
    credentials: [{ accessKeyId: "AKIASTANDIN", secretAccessKey: "stand-in" }],
  });
  t.after(() => s3.close());
  process.env.AWS_ENDPOINT_URL_S3 = s3.url;
  process.env.AWS_ACCESS_KEY_ID = "AKIASTANDIN";
  process.env.AWS_SECRET_ACCESS_KEY = "stand-in";
  const stop = new AbortController();
  t.after(() => stop.abort());
  const warnings: string[] = [];
  const kind = makeInForce(reportsInS3, (warning) => warnings.push(warning), stop.signal);
  const props = (digest: string, timeout = 60) => ({
    ...{ bucket: BUCKET, region: REGION, digest, timeout },
    reports: { "orders-portal-1": KEY },
  });
  const portal = async (makeReport: () => object): Promise<void> => {
    let at = 1000;
    const put = () => s3.objects.put(BUCKET, KEY, JSON.stringify({ at: at++, ...makeReport() }));
    put();
    try {
      for await (const _ of every(100, undefined, { signal: stop.signal })) put();
    } catch {
      // The test is over.
    }
  };
  return {
    ...{ s3, warnings },
    create: () => kind.create(props("old")),
    update: (timeout) => kind.update(props("old"), props("new", timeout)),
    portal: (makeReport) => void portal(makeReport),
  };
}

test("an update is done when the portal has reported the new document", async (t) => {
  const { portal, update, warnings } = await host(t);
  const applies = performance.now() + 1500;
  portal(() => ({ digest: performance.now() < applies ? "old" : "new", refused: null }));

  await update();

  assert.ok(performance.now() >= applies);
  assert.deepEqual(warnings, []);
});

test("a portal that lives and doesn't apply it fails the update after the deadline", async (t) => {
  const { portal, update } = await host(t);
  portal(() => ({ digest: "old", refused: null }));

  await assert.rejects(update(1), {
    message: "orders-portal-1 runs, but did not apply the document in 1 s",
  });
});

test("a portal that refuses it fails the update, with its reason", async (t) => {
  const { portal, update } = await host(t);
  portal(() => ({ digest: "old", refused: { digest: "new", why: "has contract 2" } }));

  await assert.rejects(update(), /orders-portal-1 refused the document .*: has contract 2$/);
});

test("a portal that has never reported is named, and nobody waits for it", async (t) => {
  const { update, warnings } = await host(t);

  await update();

  assert.deepEqual(warnings, [
    "orders-portal-1 has never reported: it is still starting, and begins with the new document",
  ]);
});

test("a portal that is gone is named, whatever it said last", async (t) => {
  const { s3, update, warnings } = await host(t);
  const put = s3.objects.put(BUCKET, KEY, JSON.stringify({ at: 1, digest: "new", refused: null }));
  put.modified.setTime(Date.now() - 200_000);

  await update();

  assert.match(
    warnings.join("\n"),
    /^orders-portal-1 has not reported for 20\d s; it will apply the document when it runs$/,
  );
});

test("where S3 can't be asked, that is said, and the update ends", async (t) => {
  const { s3, update, warnings } = await host(t);
  s3.fault = { kind: "status", status: 403, code: "AccessDenied" };
  await update();
  await s3.close();
  await update();

  assert.match(warnings[0] ?? "", /can't be asked whether .* there: AccessDenied: Access Denied$/);
  assert.match(warnings[1] ?? "", /can't be asked whether .* there: \w*Error: .*ECONNREFUSED/);
});

test("the first update of a deployment asks nobody: its machines are only just starting", async (t) => {
  const { s3, create } = await host(t);

  await create();

  assert.deepEqual(s3.requests, []);
});

test("what is no report, or doesn't end, is named, and the update ends", async (t) => {
  const { s3, update, warnings } = await host(t);
  const report = JSON.stringify({ at: 1, digest: "new", refused: null });
  s3.objects.put(BUCKET, KEY, report + " ".repeat(64 * 1024));
  await update();
  s3.objects.put(BUCKET, KEY, report);
  s3.fault = { kind: "drip", bytes: 1, ms: 1000 };
  const begun = performance.now();
  await update();

  assert.match(warnings[0] ?? "", /can't be asked .*: \S*applied\.json is over 65536 bytes$/);
  assert.match(warnings[1] ?? "", /can't be asked .*: (Abort|Timeout)Error/);
  // It drips for longer than this.
  assert.ok(performance.now() - begun < 30_000);
});
