import type * as pulumi from "@pulumi/pulumi";

import { Inventory } from "../components/own-provider.ts";
import type { Config } from "./config.ts";
import { inventoryOf } from "./model/inventory.ts";

/** Declares the whole stack. The other target's packages are not loaded: @pulumi/aws alone takes a second. */
export async function deploy({ stack, removed }: Config): Promise<pulumi.Inputs> {
  const accepted = new Inventory(inventoryOf(stack, removed)).accepted();
  // Loaded while the engine starts the provider and asks it.
  if (stack.target === "local") {
    const [{ deployLocally }] = await Promise.all([import("./target/local.ts"), accepted]);
    return deployLocally(stack);
  }
  const [{ deployOnAws }] = await Promise.all([import("./target/aws.ts"), accepted]);
  return deployOnAws(stack);
}
