import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import type { EngineRow } from "../infra/model/engines/row.ts";
import { derivePassword } from "../infra/model/password.ts";

interface Login {
  readonly user: string;
  readonly password: string;
}

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
  for(use: string): pulumi.Output<string> {
    return pulumi.secret(this.#source.apply((pem) => derivePassword(pem, use)));
  }

  /** What the nodes of an engine need, by what it is for. Secret. */
  forNodes({ passwords }: EngineRow): pulumi.Output<Readonly<Record<string, string>>> {
    return pulumi.all(Object.fromEntries(passwords.map((use) => [use, this.for(use)])));
  }

  /** What the portals of an engine log in with, by what it is for. Secret. */
  forPortals({ logins }: EngineRow): pulumi.Output<Readonly<Record<string, Login>>> {
    return pulumi.all(
      Object.fromEntries(
        Object.entries(logins).map(([what, { user, password }]) => [
          what,
          this.for(password).apply((secret): Login => ({ user, password: secret })),
        ]),
      ),
    );
  }
}
