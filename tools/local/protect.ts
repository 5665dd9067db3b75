import { kindOf } from "../guard/kind.ts";
import { HOLDS } from "../guard/rules/lost.ts";
import type { Cli } from "./cli.ts";
import type { StackFiles } from "./state.ts";
import { latest } from "./state.ts";

const INVENTORY = "portico:index:Inventory";

/**
 * Puts the protection back that the program gives to what can't be had again. It is off from a person's `state unprotect --all`, which a
 * removal needs, until the next `up` that succeeds.
 */
export async function protectAgain(cli: Cli, files: StackFiles): Promise<void> {
  const resources = (await latest(files))?.resources ?? [];
  const bare = resources.filter(
    ({ type, urn, protect }) =>
      !protect && (type === INVENTORY || (kindOf({ type, urn, name: nameOf(urn) }) ?? "") in HOLDS),
  );
  if (bare.length > 0) await cli("state", "protect", ...bare.map(({ urn }) => urn), "--yes");
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";
