import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";

import { formatDocument } from "../../proxy-image/src/contract.ts";
import type { Applied } from "../../proxy-image/src/report/applied.ts";
import { digestOf } from "../../proxy-image/src/source.ts";
import { networkFor } from "../support/docker.ts";
import { DOCUMENT, portalFor } from "../support/portal-container.ts";
import type { StandIn } from "../support/s3/server.ts";
import { startStandIn } from "../support/s3/server.ts";
import { until } from "../support/until.ts";

const BUCKET = "portico-test";
const KEY = "orders/document.json";
const REPORT_KEY = "reported/orders/orders-portal-1/applied.json";

/** A portal that finds the stand-in at the gateway of its network. */
async function portal(t: TestContext, s3: StandIn) {
  const { name, subnet } = await networkFor(t, { internal: true });
  const endpoint = `http://${subnet.replace("0/24", "1")}:${s3.port}`;
  return portalFor(t, {
    network: name,
    environment: [`AWS_EC2_METADATA_SERVICE_ENDPOINT=${endpoint}`],
    source: {
      kind: "s3",
      bucket: BUCKET,
      region: "eu-central-1",
      key: KEY,
      reportKey: REPORT_KEY,
      endpoint,
    },
  });
}

test("a portal takes its document from S3, reports there, and says on its status page that S3 denies", async (t) => {
  const s3 = await startStandIn({ host: "0.0.0.0" });
  t.after(s3.close);
  const put = (note: string) => {
    const text = formatDocument({ ...DOCUMENT, whitelist: { "127.0.0.0/8": note } });
    s3.objects.put(BUCKET, KEY, text);
    return digestOf(text);
  };
  const reported = (): Applied | undefined => {
    const text = s3.objects.get(BUCKET, REPORT_KEY)?.body.toString();
    return text === undefined ? undefined : JSON.parse(text);
  };
  const first = put("first");
  const it = await portal(t, s3);

  await until("the first is reported", 60_000, () => reported()?.digest === first);
  const second = put("second");
  await until("the second is reported", 30_000, () => reported()?.digest === second);
  assert.equal(reported()?.failing, null);

  s3.fault = { kind: "status", status: 403, code: "AccessDenied" };
  const status = async (): Promise<Applied> =>
    JSON.parse(
      await it.sh(
        `node -e 'fetch("http://127.0.0.1:8405/status").then((a) => a.text()).then(console.log)'`,
      ),
    );
  const denied = await until("the denial is on the status page", 30_000, async () => {
    const page = await status();
    return page.failing === null ? undefined : page;
  });
  assert.equal(denied.failing?.why, "S3 answers 403 AccessDenied");
  assert.equal(denied.digest, second);
  s3.fault = null;
  await until("it is over", 60_000, async () => (await status()).failing === null);
});
