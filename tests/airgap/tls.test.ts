import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { opensshForms } from "../../tools/airgap/tls/keys.ts";
import { withStack } from "../support/cli.ts";
import { runOnce } from "../support/containers.ts";
import { portalImage } from "../support/portal-container.ts";

const project = join(import.meta.dirname, "tls");

test("a certificate without a subject is verified by its authority, for every name and address", async () => {
  await withStack({ project }, async (stack) => {
    await stack.up();
    const { caPem, certPem, keyPem } = await stack.outputs();
    const authority = new X509Certificate(String(caPem));
    const certificate = new X509Certificate(String(certPem));

    assert.equal(authority.ca, true);
    assert.equal(certificate.ca, false);
    assert.equal(certificate.subject, undefined);
    assert.ok(certificate.checkIssued(authority));
    assert.ok(certificate.verify(authority.publicKey));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(String(keyPem))));
    for (const name of ["orders-1", "localhost"]) assert.equal(certificate.checkHost(name), name);
    for (const ip of ["10.87.16.11", "::1"]) assert.ok(certificate.checkIP(ip), ip);
    assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);

    const state = JSON.stringify(await stack.export());
    assert.doesNotMatch(state, /PRIVATE KEY/, "a key is a secret wherever it is passed on");
    assert.match(state, /BEGIN CERTIFICATE/);
    assert.match(String(keyPem), /BEGIN EC PRIVATE KEY/);
    assert.match(state, /ssh-ed25519 /, "a public key is no secret");
  });
});

test("a key in OpenSSH's form is the one that OpenSSH reads", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "portico-openssh-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const forms = ["ec", "ed25519", "rsa"].map((type) => {
    const options = { namedCurve: "P-256", modulusLength: 2048 };
    const pair = generateKeyPairSync(type as "ec", options);
    return opensshForms(pair.privateKey);
  });
  const image = await portalImage();
  for (const form of forms) {
    writeFileSync(join(folder, "key"), form.privateKeyOpenssh, { mode: 0o600 });
    const command = ["sh", "-c", "ssh-keygen -y -f /k/key && ssh-keygen -l -f /k/key"];
    const { code, output } = await runOnce({
      image,
      command,
      network: "none",
      binds: [`${folder}:/k:ro`],
    });
    assert.equal(code, 0, output);
    assert.equal(output.split("\n")[0], form.publicKeyOpenssh.trim());
    assert.ok(output.includes(` ${form.publicKeyFingerprintSha256} `), output);
  }
});

test("a changed name or a due renewal makes a new certificate; no change, nothing", async () => {
  await withStack({ project }, async (stack) => {
    await stack.up();
    const { certPem } = await stack.outputs();

    assert.deepEqual(await stack.up("--refresh"), { same: 8 });

    await stack.configure({ "airgap-tls:early": 48 });
    assert.deepEqual(await stack.up(), { same: 7, update: 1 });
    assert.equal((await stack.outputs()).certPem, certPem);

    await stack.configure({ "airgap-tls:early": 48, "airgap-tls:name": "orders-2" });
    const { replace } = await stack.up();
    assert.equal(replace, 2, "the request and the certificate");
    const renewed = new X509Certificate(String((await stack.outputs()).certPem));
    assert.equal(renewed.checkHost("orders-2"), "orders-2");

    // Due from the moment of its birth, so that nobody has to wait for it.
    await stack.configure({ "airgap-tls:early": 8760, "airgap-tls:name": "orders-2" });
    await stack.up();
    const { steps } = await stack.preview();
    const due = steps.find(({ op }) => op === "replace");
    assert.match(due?.urn ?? "", /LocallySignedCert::leaf$/);
    assert.deepEqual(due?.replaceReasons, ["readyForRenewal"]);
  });
});
