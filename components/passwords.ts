import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import type { EngineRow } from "../engines/row.ts";
import { derivePassword } from "../engines/uri.ts";

interface Login {
  readonly user: string;
  readonly password: string;
}

/** The clients' password. The cluster's own ones never leave its machines, where whoever reads them finds private keys as well. */
const ROTATED = "app";

export interface PasswordsArgs {
  /** How often the clients' password was changed. */
  readonly rotate: number;
}

/** A deployment's passwords. All follow from one protected key: as long as it is there, so are they. */
export class Passwords extends pulumi.ComponentResource {
  readonly #source: pulumi.Output<string>;
  readonly #rotate: number;

  constructor(name: string, { rotate }: PasswordsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("portico:index:Passwords", name, {}, opts);

    const source = new tls.PrivateKey(
      name,
      { algorithm: "ED25519" },
      { parent: this, protect: true },
    );

    this.#source = source.privateKeyPem;
    this.#rotate = rotate;
    this.registerOutputs({});
  }

  /** Secret. */
  for(use: string): pulumi.Output<string> {
    const rotation = use === ROTATED ? this.#rotate : 0;
    return pulumi.secret(this.#source.apply((pem) => derivePassword(pem, use, rotation)));
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
