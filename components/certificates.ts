// A deployment's authority, the certificates that it signs, and the host keys of its SSH portals.
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import type { CertificatePlan } from "../infra/model/certificates.ts";

const YEAR = 365 * 24;

/**
 * A deployment's own certificate authority. Its key is protected, because clients trust it. The certificate is not, so that `up`
 * can renew it with the same key in its last year.
 */
export class Authority extends pulumi.ComponentResource {
  readonly certificate: pulumi.Output<string>;
  readonly key: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("portico:index:Authority", name, {}, opts);

    const key = new tls.PrivateKey(
      name,
      { algorithm: "ECDSA", ecdsaCurve: "P256" },
      { parent: this, protect: true },
    );
    const certificate = new tls.SelfSignedCert(
      name,
      {
        privateKeyPem: key.privateKeyPem,
        subject: { commonName: name, organization: "Portico" },
        isCaCertificate: true,
        setSubjectKeyId: true,
        allowedUses: ["cert_signing", "crl_signing"],
        validityPeriodHours: 10 * YEAR,
        earlyRenewalHours: YEAR,
      },
      { parent: this },
    );

    this.certificate = certificate.certPem;
    this.key = key.privateKeyPem;
    this.registerOutputs({ certificate: this.certificate });
  }
}

const DAY = 24;

export interface CertificateArgs {
  readonly plan: CertificatePlan;
  /** Addresses that are known only once something else is there. */
  readonly laterAddresses?: readonly pulumi.Input<string>[];
  readonly authority: Authority;
}

/** A certificate with its key. Any `up` in its last 90 days renews it; whoever uses it reads the new one by itself. */
export class Certificate extends pulumi.ComponentResource {
  readonly certificate: pulumi.Output<string>;
  /** Secret. */
  readonly key: pulumi.Output<string>;

  constructor(
    name: string,
    { plan, authority, laterAddresses = [] }: CertificateArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:index:Certificate", name, {}, opts);
    const child = { parent: this };

    const key = new tls.PrivateKey(name, { algorithm: "ECDSA", ecdsaCurve: "P256" }, child);
    const request = new tls.CertRequest(
      name,
      {
        privateKeyPem: key.privateKeyPem,
        dnsNames: [...plan.dnsNames],
        ipAddresses: [...plan.ipAddresses, ...laterAddresses],
      },
      child,
    );
    const certificate = new tls.LocallySignedCert(
      name,
      {
        certRequestPem: request.certRequestPem,
        caCertPem: authority.certificate,
        caPrivateKeyPem: authority.key,
        allowedUses: ["digital_signature", ...plan.uses],
        validityPeriodHours: 397 * DAY,
        earlyRenewalHours: 90 * DAY,
      },
      child,
    );

    this.certificate = certificate.certPem;
    this.key = key.privateKeyPem;
    this.registerOutputs({ certificate: this.certificate });
  }
}

/** What an SSH portal shows to its clients. It is as old as the portal's SSH: any other is an impostor's. */
export class HostKey extends pulumi.ComponentResource {
  /** As a line of known_hosts has it after the host. */
  readonly publicKey: pulumi.Output<string>;
  /** Secret, in OpenSSH's own form. */
  readonly privateKey: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("portico:index:HostKey", name, {}, opts);

    // Not protected, unlike the authority's: a deployment must be able to do without SSH again.
    const key = new tls.PrivateKey(name, { algorithm: "ED25519" }, { parent: this });

    this.publicKey = key.publicKeyOpenssh.apply((line) => line.trim());
    this.privateKey = key.privateKeyOpenssh;
    this.registerOutputs({ publicKey: this.publicKey });
  }
}
