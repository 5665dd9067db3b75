import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";

import { createLab, EVERYBODY, wantedOf } from "../lab.ts";

interface Asked {
  readonly method?: string;
  readonly path?: string;
  /** Undefined: none is sent. */
  readonly host?: string | undefined;
}

test("the status port answers GET and HEAD, to who asks it by address or by a name without a dot", async (t) => {
  const lab = await createLab(t);
  await lab.settle(wantedOf("orders-1", ["orders-1"], EVERYBODY));
  const port = lab.port("status");
  const ask = ({ method = "GET", path = "/status", host }: Asked): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = host === undefined ? {} : { host };
      const asked = request({ host: "127.0.0.1", port, method, path, headers, setHost: false });
      asked.once("response", (answer) => resolve(answer.resume().statusCode));
      asked.once("error", reject);
      asked.end();
    });

  const local = `127.0.0.1:${port}`;
  for (const path of ["/", "/status", "/metrics"])
    for (const method of ["GET", "HEAD"])
      assert.equal(await ask({ path, method, host: local }), 200, `${method} ${path}`);
  assert.equal(await ask({ path: "/vouch/primary/orders-1", host: local }), 403);
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
    assert.equal(await ask({ method, host: local }), 405, method);

  for (const host of [
    "localhost",
    "host.docker.internal:15456",
    "LOCALHOST:80",
    "orders-portal-1:8404",
    "[::1]:8404",
    "10.87.16.2",
  ])
    assert.equal(await ask({ host }), 200, host);
  for (const host of [
    "rebound.example",
    "rebound.example:8404",
    "127.0.0.1.rebound.example",
    "internal.rebound.example",
    "localhost.",
  ])
    assert.equal(await ask({ host }), 421, host);
});
