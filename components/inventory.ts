import * as pulumi from "@pulumi/pulumi";

import { type Inventory as Args, forbidden } from "../infra/model/inventory.ts";

/** A resource of our own provider (`infra/provider`): what of the stack can't change. It refuses what would. */
export class Inventory extends pulumi.CustomResource {
  readonly #wanted: Args;
  declare readonly place: pulumi.Output<Args["place"] | undefined>;
  declare readonly deployments: pulumi.Output<Args["deployments"] | undefined>;

  constructor(args: Args) {
    // It outlives a stack that is taken down, as the data does.
    super("portico:index:Inventory", "inventory", { ...args }, { protect: true });
    this.#wanted = args;
  }

  /**
   * Settles once the engine has let it pass: nothing else is declared before. With `--target` of something else the engine checks nothing
   * here, and answers with what its state has.
   */
  accepted(): Promise<void> {
    const checked = pulumi
      .all([this.place, this.deployments])
      .apply(([place, deployments = {}]) => {
        const why = forbidden({ ...(place && { place }), deployments }, this.#wanted);
        if (why.length > 0) throw new pulumi.RunError(why.join("\n"));
      });
    // What a preview can't know yet it never gets to see, and it touches nothing.
    const passed: pulumi.Output<unknown> = pulumi.runtime.isDryRun() ? this.urn : checked;
    return new Promise((done) => {
      passed.apply(() => done());
    });
  }
}
