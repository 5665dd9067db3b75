import assert from "node:assert/strict";
import { test } from "node:test";

import { engines, nodeNames } from "../../engines/table.ts";
import { documentOf } from "../../infra/model/document.ts";
import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { sessionsOf } from "../../proxy-image/src/plan/limits.ts";
import { LAYOUT } from "../../proxy-image/src/plan/names.ts";
import { renderConfig } from "../../proxy-image/src/plan/render.ts";
import { localStack } from "../support/local-stack.ts";

/** By the frontends that the network reaches, as haproxy.cfg has them: their connections, and whether TLS ends there. */
const frontendsIn = (config: string) =>
  [...config.matchAll(/^frontend in_(\S+)\n((?:[ .].*\n)*)/gm)].map(
    ([, name = "", lines = ""]) => ({
      name,
      takes: Number(/^ {4}maxconn (\d+)$/m.exec(lines)?.[1]),
      source: Number(/sc1_conn_cur gt (\d+) /.exec(lines)?.[1] ?? 0),
      tls: lines.includes(" ssl crt "),
    }),
  );

const documentFor = (engine: (typeof engines)[number], size: number): PortalDocument => {
  const nodes = size === 3 ? {} : { nodes: size };
  const [deployment] = localStack({ deployments: { it: { engine, ...nodes } } }).deployments;
  assert.ok(deployment);
  const named = nodeNames(deployment).map((name, n) => ({ name, address: `10.87.16.${n}` }));
  return { ...documentOf(deployment, named), ssh: { port: 2222, keys: {} } };
};

/** What all its clients and checks together can make of HAProxy's connections, at worst. */
function mostIn(config: string): number {
  const frontends = frontendsIn(config);
  const clients = frontends.map(({ takes, tls }) => takes * (tls ? 2 : 1));
  const crowds = [...config.matchAll(/^ {4}server crowd .* maxconn (\d+)$/gm)].map(
    ([, layout], n) => Math.min(Number(layout), frontends[n]?.takes ?? 0),
  );
  const checks = config.match(/^ {4}server .* disabled$/gm)?.length ?? 0;
  return [...clients, ...crowds, checks].reduce((sum, each) => sum + each);
}

const SIZES = [3, 5].flatMap((size) =>
  [1_000, 4_096, 20_000, 65_536, 1_048_576].map((descriptors) => [size, descriptors] as const),
);

for (const engine of engines)
  test(`${engine}: a portal's frontends together never take all connections of its HAProxy, which its own checks need as well`, () => {
    for (const [size, descriptors] of SIZES) {
      const document = documentFor(engine, size);
      const config = renderConfig(document, { ...LAYOUT, descriptors });
      const what = `${size} nodes, ${descriptors} descriptors`;

      // The runtime socket has 128 of them for its own, and 64 threads three each.
      assert.ok(mostIn(config) < (Math.min(descriptors, 65_536) - 392) / 2, what);
      for (const { name, takes, source } of frontendsIn(config)) {
        assert.ok(takes > 0, `${name}: ${what}`);
        if (name === "ssh" || name === "status") continue;
        assert.ok(source < takes, `${name}: ${source} of ${takes}, ${what}`);
        if (descriptors >= 65_536)
          assert.ok(takes >= sessionsOf(document), `${name}: ${takes}, ${what}`);
      }
    }
  });

/** MiB: of an idle session behind TLS as measured, and of what a portal's HAProxy, agent and the rest use without clients. */
const OF_A_SESSION = 58 / 1024;
const OF_ITSELF = 120;

for (const engine of engines)
  test(`${engine}: all connections that a portal takes with TLS fit into its memory, where they are idle`, () => {
    for (const size of [3, 5, 7])
      for (const memory of [512, 1_024, 2_048]) {
        const frontends = frontendsIn(
          renderConfig(documentFor(engine, size), { ...LAYOUT, memory }),
        );
        const takes = frontends.filter(({ tls }) => tls).reduce((sum, { takes }) => sum + takes, 0);
        const needs = takes * OF_A_SESSION + OF_ITSELF;
        const what = `${size} nodes, ${takes} connections`;
        assert.ok(needs < memory, `${what} need ${needs} of ${memory} MiB`);
        if (memory > 1_024 && takes > 0) assert.ok(takes >= 10_000, what);
      }
  });
