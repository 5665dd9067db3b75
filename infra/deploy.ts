import type * as pulumi from "@pulumi/pulumi";

import { Inventory, InventoryEntry } from "../components/inventory.ts";
import type { Config } from "./config.ts";
import { inventoryOf } from "./model/inventory.ts";

/** Declares the whole stack. The other target's packages are not loaded: @pulumi/aws alone takes a second. */
export async function deploy({ stack, removed }: Config): Promise<pulumi.Inputs> {
  const inventory = inventoryOf(stack, removed);
  // Before the entries: it knows what an older build's state has.
  await new Inventory(inventory).accepted();
  const names = Object.keys(inventory.deployments);
  const entries = Object.fromEntries(
    names.map((name) => [name, new InventoryEntry(name, inventory)]),
  );
  await Promise.all(Object.values(entries).map((entry) => entry.accepted()));
  if (stack.target === "local")
    return (await import("./target/local.ts")).deployLocally(stack, entries);
  return (await import("./target/aws.ts")).deployOnAws(stack, entries);
}
