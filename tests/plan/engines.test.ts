import assert from "node:assert/strict";
import { test } from "node:test";

import { catalogue, endpointsOf, engines, nodeNames } from "../../engines/table.ts";
import { documentOf } from "../../infra/model/document.ts";
import { renderConfig } from "../../proxy-image/src/plan/render.ts";
import { localStack } from "../support/local-stack.ts";

const TLS = /^ {4}bind .* ssl crt \/etc\/portico\/identity\/server\.crt ssl-min-ver TLSv1\.2$/gm;

for (const engine of engines)
  test(`haproxy.cfg of ${engine}: every door is guarded, TLS ends where it should, and no slot starts open`, () => {
    const [deployment] = localStack({ deployments: { it: { engine } } }).deployments;
    assert.ok(deployment);
    const nodes = nodeNames(deployment).map((name, n) => ({ name, address: `10.87.16.${n}` }));
    const config = renderConfig(documentOf(deployment, nodes));
    const sections = new Map(
      config.split("\n\n").map((section) => [section.split("\n", 1)[0] ?? "", section]),
    );

    for (const { name, node } of endpointsOf(deployment)) {
      const frontend = sections.get(`frontend in_${name}`) ?? "";
      assert.match(frontend, /tcp-request connection reject if aliased or !listed/, name);
      const binds = frontend.match(/^ {4}bind /gm)?.length;
      const ended = frontend.match(TLS)?.length ?? 0;
      assert.equal(ended, catalogue[engine].tls === "portal" ? binds : 0, name);
      const slots = (sections.get(`backend ${name}`) ?? "").match(/^ {4}server .*/gm) ?? [];
      const waiting = slots.filter((slot) => slot.includes("server waiting "));
      assert.equal(waiting.length, 1, name);
      assert.equal(slots.length - waiting.length, node === undefined ? nodes.length : 1, name);
      for (const slot of slots) if (!waiting.includes(slot)) assert.match(slot, / disabled/);
      assert.equal(sections.has(`frontend lobby_${name}`), ended > 0, name);
    }
  });
