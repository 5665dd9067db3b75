import * as pulumi from "@pulumi/pulumi";

import {
  type Inventory as Args,
  comparable,
  forbidden,
  identityOnly,
} from "../infra/model/inventory.ts";

/** A resource of our own provider (`infra/provider`): what can't change. It refuses what would. */
abstract class Checked extends pulumi.CustomResource {
  readonly #wanted: Args;
  declare readonly place: pulumi.Output<Args["place"] | undefined>;
  declare readonly deployments: pulumi.Output<Args["deployments"] | undefined>;
  declare readonly entries: pulumi.Output<true | undefined>;

  constructor(type: string, name: string, args: Args) {
    // It outlives a stack that is taken down, as the data does.
    super(`portico:index:${type}`, name, { ...args }, { protect: true });
    this.#wanted = args;
  }

  /**
   * Settles once the engine has let it pass: nothing else is declared before. With `--target` of something else the engine checks nothing
   * here, and answers with what its state has.
   */
  accepted(): Promise<void> {
    const checked = pulumi
      .all([this.place, this.deployments, this.entries])
      .apply(([place, deployments = {}, entries]) => {
        const known = comparable({ ...(place && { place }), deployments, entries });
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

/** Of the whole stack. */
export class Inventory extends Checked {
  constructor(inventory: Args) {
    super("Inventory", "inventory", { ...inventory, entries: true });
  }
}

/** Of one deployment. What holds its data depends on this. */
export class InventoryEntry extends Checked {
  constructor(name: string, inventory: Args) {
    super("InventoryEntry", name, identityOnly(inventory, name));
  }
}
