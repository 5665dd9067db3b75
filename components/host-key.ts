import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

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
