import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { renderConfig } from "../../proxy-image/src/plan/render.ts";
import { livenessFall, slotFall } from "../../proxy-image/src/plan/silence.ts";

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
  for (const frontend of text.split(/^(?=frontend )/m).slice(1))
    assert.match(frontend, /tcp-request connection reject if aliased or !listed/);
});

test("who may connect and who leads is not in haproxy.cfg, so neither takes a reload", () => {
  const other = { ...DOCUMENT, open: true, whitelist: {}, generation: 7, maxLag: 0 };
  assert.equal(renderConfig(other), renderConfig(DOCUMENT));
});

for (const silence of [4, 5, 10, 27, 60]) {
  test(`${silence} s of silence: fall x (inter + timeout check) stays within it`, () => {
    const text = renderConfig({ ...DOCUMENT, timing: { ...DOCUMENT.timing, silence } });
    const falls = [...text.matchAll(/inter 1s fall (\d+)/g)].map(([, fall]) => Number(fall));
    assert.equal(falls.length, 2);
    for (const fall of falls) assert.ok(fall >= 1 && fall * 2 <= silence && fall * 2 > silence - 2);
  });
}

test("the agent counts as silent before a slot goes down, and hardly earlier", () => {
  for (let silence = 4; silence <= 60; silence++) {
    const timing = { ...DOCUMENT.timing, silence };
    const slotFirst = 2 * slotFall({ timing }) - 1;
    const agentLast = 1.5 * livenessFall({ timing });
    assert.ok(agentLast <= slotFirst && slotFirst - agentLast < 1.5, `${silence} s`);
  }
});

test("every slot of an endpoint starts disabled, and every frontend asks the whitelist", () => {
  const text = renderConfig(DOCUMENT);
  const section = (name: string) => text.split(`\nbackend ${name}\n`)[1]?.split("\n\n")[0] ?? "";
  for (const endpoint of ["primary", "replica"]) {
    const servers = section(endpoint).match(/^ {4}server .*$/gm) ?? [];
    assert.equal(servers.length, endpoint === "primary" ? 3 : 2);
    for (const server of servers) assert.match(server, / disabled/);
  }
  const frontends = text.split(/^(?=frontend )/m).slice(1);
  assert.equal(frontends.length, 3);
  for (const frontend of frontends) {
    assert.match(frontend, /acl listed src -f \S+whitelist\.lst/);
    assert.match(frontend, /tcp-request connection reject if aliased or !listed/);
  }
});

test("no slot of a node takes more sessions than the document allows one portal", () => {
  const limits = (text: string) => [...text.matchAll(/check .* maxconn (\d+)/g)].map(([, n]) => n);

  assert.deepEqual(limits(renderConfig({ ...DOCUMENT, sessions: 22 })), ["22", "22", "22", "22"]);
  assert.deepEqual(limits(renderConfig(DOCUMENT)), ["45", "45", "45", "45"]);
});

test("a silent agent closes the portal where the fallback is off", () => {
  const text = renderConfig({ ...DOCUMENT, fallback: "off" });
  assert.doesNotMatch(text, /use_backend|fallback_/);
});

test("an endpoint can't take the name of a part that is HAProxy's own", () => {
  const endpoints = { agent: { port: 5432, route: "primary" as const } };
  assert.throws(() => renderConfig({ ...DOCUMENT, endpoints }), /can't be named "agent"/);
});
