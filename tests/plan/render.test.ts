import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { renderConfig } from "../../proxy-image/src/plan/render.ts";
import { livenessFall } from "../../proxy-image/src/plan/render-vouch.ts";

const GOLDEN = join(import.meta.dirname, "haproxy.cfg");
const WITH_SSH = join(import.meta.dirname, "haproxy-ssh.cfg");

const DOCUMENT: PortalDocument = {
  contract: 1,
  deployment: "orders",
  engine: "postgresql",
  generation: 1,
  nodes: {
    "orders-1": { address: "10.87.16.11", port: 5432 },
    "orders-2": { address: "fd00::12", port: 5432 },
  },
  evidence: { kind: "patroni", scope: "orders", patroni: 8008, etcd: 2379 },
  endpoints: {
    primary: { port: 5432, route: "primary" },
    replica: { port: 5433, route: "replica" },
  },
  status: 8404,
  maxLag: 16_777_216,
  timing: { hold: 30, silence: 10, drain: 60 },
  fallback: "role-check",
  open: false,
  whitelist: { "203.0.113.0/24": "Berlin office" },
};

test("haproxy.cfg of a whole document is the one that was reviewed (UPDATE=1 writes it anew)", () => {
  const text = renderConfig(DOCUMENT);
  if (process.env.UPDATE === "1") writeFileSync(GOLDEN, text);
  assert.equal(text, readFileSync(GOLDEN, "utf8"));
});

test("SSH adds its guarded door, and to each endpoint a way in on loopback; keys are not in it", () => {
  const ann = { port: 2222, keys: { ann: "ssh-ed25519 AAAA" } };
  const text = renderConfig({ ...DOCUMENT, ssh: ann });
  const [golden, without] = [text, renderConfig(DOCUMENT)].map((each) => each.split("\n"));
  const lines = (golden ?? []).filter((line) => !(without ?? []).includes(line));
  const added = `${lines.join("\n")}\n`;
  if (process.env.UPDATE === "1") writeFileSync(WITH_SSH, added);
  assert.equal(added, readFileSync(WITH_SSH, "utf8"));
  assert.equal(text, renderConfig({ ...DOCUMENT, ssh: { ...ann, keys: {} } }));
  for (const frontend of text.split(/^(?=frontend in_)/m).slice(1))
    assert.match(frontend, /tcp-request connection reject if aliased or !listed/);
});

test("who may connect and who leads is not in haproxy.cfg, so neither takes a reload", () => {
  const other = { ...DOCUMENT, open: true, whitelist: {}, generation: 7, maxLag: 0 };
  assert.equal(renderConfig(other), renderConfig(DOCUMENT));
});

test("HAProxy goes on by itself no sooner than the limit, and within a second of it", () => {
  for (const silence of [4, 4.5, 5, 10, 27, 60]) {
    const timing = { ...DOCUMENT.timing, silence };
    const text = renderConfig({ ...DOCUMENT, timing });
    const fall = Number(/^ {4}server agent unix@\S+ check inter 500ms fall (\d+)/m.exec(text)?.[1]);
    assert.equal(fall, livenessFall({ timing }));
    // A question takes a second, its time-out counted, and the first one begins within half a second.
    const [soonest, latest] = [fall - 1 + 0.5, fall - 1 + 1];
    assert.ok(soonest >= silence && latest < silence + 2, `${silence} s`);
  }
});

test("every node's slot starts disabled and the one to wait in open, and every frontend asks the whitelist", () => {
  const text = renderConfig(DOCUMENT);
  const section = (name: string) => text.split(`\nbackend ${name}\n`)[1]?.split("\n\n")[0] ?? "";
  for (const endpoint of ["primary", "replica"]) {
    const servers = section(endpoint).match(/^ {4}server .*$/gm) ?? [];
    const [nodes, waiting] = [servers.slice(0, 2), servers.slice(2)];
    for (const server of nodes) assert.match(server, / disabled/);
    assert.deepEqual(
      waiting.map((server) => /^ {4}server waiting .* backup (?!.*disabled)/.test(server)),
      [true],
    );
  }
  const frontends = text.split(/^(?=frontend in_)/m).slice(1);
  assert.equal(frontends.length, 3);
  for (const frontend of frontends) {
    assert.match(frontend, /set-var\(sess\.until\) src,map_ip_int\(\S+whitelist\.map,0\)/);
    assert.match(frontend, /tcp-request connection reject if aliased or !listed or !lasting/);
  }
});

test("no slot of a node takes more sessions than the document allows one portal", () => {
  const limits = (text: string) =>
    [...text.matchAll(/^ .*(?:check|track) .*maxconn (\d+)/gm)].map(([, n]) => n);

  assert.deepEqual(limits(renderConfig({ ...DOCUMENT, sessions: 22 })), Array(5).fill("22"));
  assert.deepEqual(limits(renderConfig(DOCUMENT)), Array(5).fill("45"));
});

test("one source's sessions and what is left for all such sources are less than a node takes", () => {
  for (const sessions of [8, 15, 22, 45, 95, 100, 1000, 5000]) {
    const text = renderConfig({ ...DOCUMENT, sessions });
    const own = Number(/nbsrv\(primary\),mul\((\d+)\)/.exec(text)?.[1]);
    const crowd = Number(/^ {4}server crowd .*crowd_primary.* maxconn (\d+)$/m.exec(text)?.[1]);
    assert.ok(own > 0 && crowd > 0 && own + crowd < sessions, `${own} and ${crowd} of ${sessions}`);
  }
});

test("a client has to speak first where its server waits for that", () => {
  const asks = /tcp-request content reject unless { req.len gt 0 }/g;
  assert.equal(renderConfig(DOCUMENT).match(asks)?.length, 2);
  const mysql = { ...DOCUMENT, engine: "mysql" as const, fallback: "off" as const };
  assert.doesNotMatch(renderConfig(mysql), asks);
});

test("a silent agent closes the portal to newcomers where the fallback is off", () => {
  const text = renderConfig({ ...DOCUMENT, fallback: "off" });
  assert.doesNotMatch(text, /fallback_/);
  // An endpoint's frontend, and that of the crowd behind it.
  assert.equal(text.match(/tcp-request content reject if settled silent$/gm)?.length, 4);
});

test("an endpoint can't take the name of a part that is HAProxy's own", () => {
  const endpoints = { agent: { port: 5432, route: "primary" as const } };
  assert.throws(() => renderConfig({ ...DOCUMENT, endpoints }), /can't be named "agent"/);
});
