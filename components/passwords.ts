import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import type { PasswordUse } from "../infra/model/password.ts";
import { derivePassword } from "../infra/model/password.ts";

/** A deployment's passwords. All follow from one protected key: as long as it is there, so are they. */
export class Passwords extends pulumi.ComponentResource {
  readonly #source: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("portico:index:Passwords", name, {}, opts);

    const source = new tls.PrivateKey(
      name,
      { algorithm: "ED25519" },
      { parent: this, protect: true },
    );

    this.#source = source.privateKeyPem;
    this.registerOutputs({});
  }

  /** Secret. */
  for(use: PasswordUse): pulumi.Output<string> {
    return pulumi.secret(this.#source.apply((pem) => derivePassword(pem, use)));
  }
}
