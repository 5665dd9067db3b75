import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect, createServer, getCiphers, type TLSSocket } from "node:tls";

import {
  createCertificates,
  replaceCertificate,
} from "../../../proxy-image/src/apply/certificate.ts";
import { planCertificates } from "../../../proxy-image/src/plan/plan.ts";
import { Authority } from "../../support/authority.ts";
import { until } from "../../support/until.ts";
import { createLab, startHaproxy, writeFiles } from "../lab.ts";

interface Terminator {
  readonly authority: Authority;
  readonly socket: string;
  readonly pem: string;
  readonly port: number;
}

async function terminateTls(t: TestContext): Promise<Terminator> {
  const folder = mkdtempSync(join(tmpdir(), "tls-"));
  const authority = await Authority.create();
  const { certificate, key } = await authority.issue(["first.example"]);
  const port = 30_443;
  const pem = join(folder, "site.pem");
  const socket = join(folder, "admin.sock");
  writeFiles(folder, {
    "site.pem": `${certificate}\n${key}\n`,
    "haproxy.cfg": `global
    stats socket ${socket} level admin
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 1s
frontend tls
    bind 127.0.0.1:${port} ssl crt ${pem}
    http-request return status 200
`,
  });
  startHaproxy(t, join(folder, "haproxy.cfg"), join(folder, "master.sock"));
  const served = { authority, socket, pem, port };
  await until("TLS is served", 5_000, () =>
    shake(served).then(
      () => true,
      () => false,
    ),
  );
  return served;
}

function shake({ port, authority }: Terminator): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: "127.0.0.1",
      ca: authority.pem,
      checkServerIdentity: () => undefined,
    });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

async function nameServed(site: Terminator): Promise<string | undefined> {
  const socket = await shake(site);
  const name = socket.getPeerCertificate().subjectaltname;
  socket.destroy();
  return name;
}

test("a certificate is replaced under handshakes, and not one of them fails", async (t) => {
  const site = await terminateTls(t);
  const live = await shake(site);
  let shaken = 0;
  let stopped = false;
  const shaking = (async () => {
    while (!stopped) {
      (await shake(site)).destroy();
      shaken++;
    }
  })();

  for (let round = 0; round < 5; round++) {
    const { certificate, key } = await site.authority.issue([`turn-${round}.example`]);
    assert.deepEqual(
      await replaceCertificate(site.socket, site.pem, `${certificate}\n\n${key}\n`),
      {
        kind: "done",
      },
    );
    assert.equal(await nameServed(site), `DNS:turn-${round}.example`);
  }
  stopped = true;
  await shaking;

  assert.ok(shaken > 5);
  assert.ok(!live.destroyed, "a live session was broken");
  live.destroy();
});

test("a key that doesn't fit is refused, the old certificate goes on, and a good one is still taken", async (t) => {
  const site = await terminateTls(t);
  const one = await site.authority.issue(["one.example"]);
  const two = await site.authority.issue(["two.example"]);

  const mixed = await replaceCertificate(site.socket, site.pem, `${one.certificate}\n${two.key}`);
  const broken = await replaceCertificate(site.socket, site.pem, "no certificate");

  assert.equal(mixed.kind, "failed");
  assert.equal(broken.kind, "failed");
  assert.equal(await nameServed(site), "DNS:first.example");
  const good = await replaceCertificate(site.socket, site.pem, `${two.certificate}\n${two.key}`);
  assert.deepEqual(good, { kind: "done" });
  assert.equal(await nameServed(site), "DNS:two.example");
});

test("a chain too long for HAProxy's buffer is refused before it is said", async (t) => {
  const site = await terminateTls(t);
  const { certificate, key } = await site.authority.issue(["long.example"]);
  const chain = `${certificate}\n${key}\n${`${site.authority.pem}\n`.repeat(40)}`;

  const long = await replaceCertificate(site.socket, site.pem, chain);

  assert.equal(long.kind, "failed");
  assert.equal(await nameServed(site), "DNS:first.example");
});

test("the certificate with which HAProxy's checks ask nodes is replaced in place: the next check shows the new one", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "client-"));
  const authority = await Authority.create();
  const first = await authority.issue(["portal-before.example"]);
  const node = await authority.issue(["node.example"]);
  const shown: (string | undefined)[] = [];
  const server = createServer(
    { cert: node.certificate, key: node.key, ca: authority.pem, requestCert: true },
    (socket) => {
      shown.push((socket as TLSSocket).getPeerCertificate().subjectaltname);
      socket.on("error", () => {});
      socket.destroy();
    },
  );
  t.after(() => server.close());
  const port = 30_444;
  server.listen(port, "127.0.0.1");
  // Certificate and key in two files, as a portal's identity has them.
  writeFiles(folder, {
    "ca.crt": authority.pem,
    "client.crt": first.certificate,
    "client.key": first.key,
    "haproxy.cfg": `global
    stats socket ${folder}/admin.sock level admin
    ssl-load-extra-del-ext
defaults
    mode tcp
    timeout client 10s
    timeout server 10s
    timeout connect 1s
backend nodes
    server node 127.0.0.1:${port} check inter 200ms check-ssl verify required ca-file ${folder}/ca.crt crt ${folder}/client.crt
`,
  });
  const haproxy = startHaproxy(t, join(folder, "haproxy.cfg"), join(folder, "master.sock"));
  const last = (name: string) =>
    until(`a check with ${name}`, 10_000, async () => shown.at(-1) === `DNS:${name}`);
  await last("portal-before.example");

  const next = await authority.issue(["portal-after.example"]);
  const certificates = createCertificates(join(folder, "admin.sock"), folder);
  const pems = { client: `${next.certificate}\n${next.key}\n`, server: undefined };
  const planned = () => planCertificates(certificates.inUse(), pems);
  const replaced = await certificates.set("client", pems.client);

  assert.deepEqual(replaced, [{ what: "client", done: { kind: "done" } }]);
  await last("portal-after.example");

  // A process that was just reading the old file when it was renewed: it is told too, once it serves, and nobody is told again.
  const isOver = new Promise((resolve) => haproxy.once("exit", resolve));
  haproxy.kill("SIGTERM");
  await isOver;
  startHaproxy(t, join(folder, "haproxy.cfg"), join(folder, "master.sock"));
  await last("portal-before.example");
  assert.deepEqual(planned(), [], "it is thought to be there");
  certificates.doubt();
  assert.deepEqual(planned(), [{ kind: "setCertificate", what: "client", pem: pems.client }]);
  assert.deepEqual(await certificates.set("client", pems.client), []);
  await last("portal-after.example");
});

test("of TLS 1.2 only authenticated encryption with forward secrecy is taken", async (t) => {
  const lab = await createLab(t, { tls: true });
  const taken = await Promise.all(
    getCiphers()
      .filter((cipher) => !cipher.startsWith("tls_"))
      .map((cipher) => takes(lab.port("primary"), cipher)),
  );
  const ciphers = taken.flat();

  assert.ok(ciphers.length >= 3, `taken: ${ciphers}`);
  for (const cipher of ciphers) assert.match(cipher, /^ECDHE-.*(GCM|POLY1305)/);
});

/** The cipher, if a server takes a client that offers nothing else. */
function takes(port: number, cipher: string): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const socket = connect({
      ...{ port, host: "127.0.0.1", rejectUnauthorized: false, maxVersion: "TLSv1.2" as const },
      ciphers: `${cipher.toUpperCase()}:@SECLEVEL=0`,
    });
    socket.once("secureConnect", () => {
      resolve([socket.getCipher().name]);
      socket.destroy();
    });
    socket.once("error", () => resolve([]));
  });
}
