import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

const config = new pulumi.Config();
const hours = config.getNumber("hours") ?? 8760;
const earlyRenewalHours = config.getNumber("early") ?? 24;
const name = config.get("name") ?? "orders-1";

const ca = new tls.PrivateKey("ca", { algorithm: "ECDSA", ecdsaCurve: "P256" });
const authority = new tls.SelfSignedCert("ca", {
  privateKeyPem: ca.privateKeyPem,
  isCaCertificate: true,
  subject: { commonName: "orders" },
  validityPeriodHours: 87_600,
  allowedUses: ["cert_signing", "crl_signing"],
});

const key = new tls.PrivateKey("leaf", { algorithm: "ECDSA", ecdsaCurve: "P256" });
const request = new tls.CertRequest("leaf", {
  privateKeyPem: key.privateKeyPem,
  dnsNames: [name, "localhost"],
  ipAddresses: ["10.87.16.11", "::1"],
});
const certificate = new tls.LocallySignedCert("leaf", {
  caCertPem: authority.certPem,
  caPrivateKeyPem: ca.privateKeyPem,
  certRequestPem: request.certRequestPem,
  validityPeriodHours: hours,
  earlyRenewalHours,
  allowedUses: ["digital_signature", "server_auth", "client_auth"],
});

for (const algorithm of ["ED25519", "RSA"]) new tls.PrivateKey(algorithm, { algorithm });

export const caPem = authority.certPem;
export const certPem = certificate.certPem;
export const keyPem = key.privateKeyPem;
