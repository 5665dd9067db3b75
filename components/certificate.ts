import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import type { CertificatePlan } from "../infra/model/certificates.ts";
import type { Authority } from "./authority.ts";

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
