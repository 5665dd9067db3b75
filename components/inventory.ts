import * as pulumi from "@pulumi/pulumi";

import { type Inventory as Args, forbidden, type Known } from "../infra/model/inventory.ts";

/** A resource of our own provider (`infra/provider`): what of the stack can't change. It refuses what would. */
export class Inventory extends pulumi.CustomResource {
  readonly #wanted: Args;
  declare readonly place: pulumi.Output<Args["place"] | undefined>;
  declare readonly deployments: pulumi.Output<Args["deployments"] | undefined>;
  /** What earlier updates may not have taken away to its end. The provider's check finds out. */
  declare readonly leaving: pulumi.Output<Known["leaving"]>;

  constructor(args: Args) {
    // It outlives a stack that is taken down, as the data does.
    super(
      "portico:index:Inventory",
      "inventory",
      { ...args, leaving: undefined },
      { protect: true },
    );
    this.#wanted = args;
  }

  /**
   * Settles once the engine has let it pass: nothing else is declared before. With `--target` of something else the engine checks nothing
   * here, and answers with what its state has.
   */
  accepted(): Promise<void> {
    // To a preview what a state doesn't have is unknown, and most have nothing that is leaving.
    const former = pulumi.runtime.isDryRun() ? undefined : this.leaving;
    const checked = pulumi
      .all([this.place, this.deployments, former])
      .apply(([place, deployments, leaving]) => {
        const known = { ...(place && { place }), deployments: { ...leaving, ...deployments } };
        const why = forbidden(known, this.#wanted);
        if (why.length > 0) throw new pulumi.RunError(why.join("\n"));
      });
    // What a preview can't know yet it never gets to see, and it touches nothing.
    const passed: pulumi.Output<unknown> = pulumi.runtime.isDryRun() ? this.urn : checked;
    return new Promise((done) => {
      passed.apply(() => done());
    });
  }
}
