import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

const YEAR = 365 * 24;

/**
 * A deployment's own certificate authority. Its key is protected: clients know it. The certificate is not, so that `up`
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
