import type { TestContext } from "node:test";
import { inserting } from "../../engines/postgresql/tests/client.ts";
import { loadOf } from "../support/load.ts";
import type { Record } from "../support/writer.ts";
import { query, targets } from "./orders.ts";

export const load = (t: TestContext) => loadOf(t, targets("primary"), inserting("written"));

/** The ids of acknowledged rows that the leader doesn't have. */
export async function lostRows({ acknowledged }: Record): Promise<readonly string[]> {
  const rows = new Set((await query("SELECT id FROM written")).map(({ id }) => id));
  return acknowledged.map(({ id }) => id).filter((id) => !rows.has(id));
}

export const readOnly = ({ failures }: Record) => failures.filter(({ code }) => code === "25006");
