import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";

import { Authority, Certificate } from "../../components/certificates.ts";
import { declare, only, settled } from "./declare.ts";

const DAY = 86_400_000;
const plan = {
  dnsNames: ["orders-1", "localhost"],
  ipAddresses: ["10.64.7.107"],
  uses: ["server_auth"],
} as const;

const { built, resources } = await declare(() => {
  const authority = new Authority("orders");
  const laterAddresses = ["198.51.100.7", "2001:db8::7"];
  return {
    authority,
    server: new Certificate("orders-1-server", { plan, authority, laterAddresses }),
  };
});
const authority = new X509Certificate(await settled(built.authority.certificate));
const server = new X509Certificate(await settled(built.server.certificate));

test("the authority's key is protected, its certificate can be renewed", () => {
  assert.ok(only(resources, "PrivateKey", "orders").protect);
  const certificate = only(resources, "SelfSignedCert");
  assert.ok(!certificate.protect);
  assert.equal(certificate.inputs.earlyRenewalHours, 365 * 24);
  assert.ok(authority.ca);
});

test("a certificate names what clients use, and the authority vouches for it", () => {
  assert.ok(server.verify(authority.publicKey));
  assert.equal(server.checkHost("orders-1"), "orders-1");
  for (const address of ["10.64.7.107", "198.51.100.7", "2001:db8::7"])
    assert.ok(server.checkIP(address), `${address} is not in ${server.subjectAltName}`);
  assert.equal(server.checkHost("orders-2"), undefined);
});

test("a certificate lasts 397 days, and is renewed in its last 90", () => {
  const lasts = Date.parse(server.validTo) - Date.parse(server.validFrom);
  assert.equal(Math.round(lasts / DAY), 397);
  const { inputs } = only(resources, "LocallySignedCert");
  assert.equal(inputs.earlyRenewalHours, 90 * 24);
});
