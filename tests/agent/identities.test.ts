import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";

import type { PortalIdentity } from "../../proxy-image/src/agent/identity.ts";
import { createIdentities } from "../../proxy-image/src/agent/identity.ts";
import type { CertificateSet } from "../../proxy-image/src/apply/results.ts";
import { createMessages } from "../s3-source/portal.ts";
import { Authority } from "../support/authority.ts";

const identity = (cert: string): PortalIdentity => ({
  ...{ portal: "orders-portal-1", source: undefined, server: undefined },
  ...{ ca: "ca", cert, key: "key", logins: {} },
});

const DAY_MS = 86_400_000;

/** A renewal, and a stand-in of HAProxy that refuses certificates with the given reasons before it takes one, and keeps that. */
function createRenewal(reasons: string[], first = "first") {
  let files = identity(first);
  let skipped = 0;
  let inUse = "";
  const offered: string[] = [];
  const log: string[] = [];
  const received: string[] = [];
  const identities = createIdentities({
    first: files,
    read: async () => files,
    haproxy: {
      certificates: () => ({ client: inUse }),
      execute: async (commands) => {
        const certificates = commands.flatMap((command): readonly CertificateSet[] => {
          if (command.kind !== "setCertificate") return [];
          offered.push(command.pem.split("\n")[0] ?? "");
          const why = reasons.shift();
          if (why === undefined) inUse = command.pem;
          return [
            {
              what: command.what,
              done: why === undefined ? { kind: "done" } : { kind: "failed", why },
            },
          ];
        });
        return { kind: "applied", ms: 0, cut: [], certificates, endedSsh: [] };
      },
    },
    log: createMessages(log),
    onChange: ({ cert }) => received.push(cert),
    wall: () => Date.now() + skipped,
  });
  return {
    ...{ identities, offered, log, received },
    renew: (cert: string) => {
      files = identity(cert);
    },
    skip: (days: number) => {
      skipped = days * DAY_MS;
    },
  };
}

test("a certificate that HAProxy could not take is offered again until it has it, and the alarm is told once", async () => {
  const { identities, ...renewal } = createRenewal([]);
  await identities.look();
  renewal.renew("second");
  const busy = createRenewal(["connect ENOENT", "no whole answer", "no whole answer"]);
  busy.renew("second");
  for (let round = 0; round < 6; round++) {
    await identities.look();
    await busy.identities.look();
  }

  assert.deepEqual(renewal.offered, ["first", "second"], "taken at once, and not offered again");
  assert.deepEqual(busy.offered, ["second", "second", "second", "second"]);
  assert.deepEqual(busy.log, [
    "!The new client certificate is refused: no whole answer",
    "The portal's client certificate is replaced",
  ]);
  assert.deepEqual(busy.received, ["second"]);
});

test("a HAProxy that starts beside the agent has read the files itself: no word of it", async () => {
  const { identities, ...renewal } = createRenewal([
    "connect ECONNREFUSED /run/haproxy/admin.sock",
  ]);
  for (let round = 0; round < 3; round++) await identities.look();

  assert.deepEqual(renewal.log, []);
  assert.equal(renewal.offered.length, 2);
  assert.equal(identities.current().cert, "first");
});

test("a certificate that has ended is refused with an alarm, and the old one goes on", async () => {
  const { certificate } = await (await Authority.create()).issue(["orders-portal-1"]);
  const { identities, log, received, ...renewal } = createRenewal([]);
  renewal.skip(500);
  renewal.renew(certificate);
  for (let round = 0; round < 3; round++) await identities.look();

  assert.equal(log.length, 1);
  assert.match(log[0] ?? "", /^!The new client certificate is refused: it ended \d{4}-\d\d-\d\d$/);
  assert.equal(identities.current().cert, "first");
  assert.deepEqual(received, []);
});

test("a certificate in its last thirty days raises an alarm, once", async () => {
  const { certificate } = await (await Authority.create()).issue(["orders-portal-1"]);
  const { identities, log, ...renewal } = createRenewal([], certificate);
  const left = (Date.parse(new X509Certificate(certificate).validTo) - Date.now()) / DAY_MS;
  for (const days of [0, left - 31, left - 29, left - 28]) {
    renewal.skip(days);
    await identities.look();
  }

  assert.equal(log.length, 1);
  assert.match(
    log[0] ?? "",
    /^!The portal's client certificate ends \d{4}-\d\d-\d\d: `pulumi up` renews it$/,
  );
});
