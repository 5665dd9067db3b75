import type * as pulumi from "@pulumi/pulumi";

import { Inventory } from "../components/inventory.ts";
import type { Config } from "./config.ts";
import { inventoryOf } from "./model/inventory.ts";

/** Declares the whole stack. The other target's packages are not loaded: @pulumi/aws alone takes a second. */
export async function deploy({ stack, removed }: Config): Promise<pulumi.Inputs> {
  await new Inventory(inventoryOf(stack, removed)).accepted();
  if (stack.target === "local") return (await import("./target/local.ts")).deployLocally(stack);
  return (await import("./target/aws.ts")).deployOnAws(stack);
}
