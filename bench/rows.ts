import { randomBytes } from "node:crypto";

import { settled, sql } from "./cluster.ts";
import type { Facts } from "./facts.ts";

const SETTLED_WITHIN_S = 120;

/**
 * Makes the table and the role that all contenders write with; returns the role's part of a connection string. Its
 * password is hardly stretched: the load is many new connections, and 4096 rounds of HMAC each would only measure those.
 */
export async function prepareRows(facts: Facts): Promise<string> {
  const password = randomBytes(16).toString("hex");
  const leader = await settled(facts, SETTLED_WITHIN_S);
  await sql(
    leader,
    facts.database,
    ...removal,
    "SET scram_iterations = 1",
    `CREATE ROLE portico_bench LOGIN PASSWORD '${password}'`,
    "CREATE TABLE portico_bench (contender text, id text, PRIMARY KEY (contender, id))",
    "GRANT SELECT, INSERT ON portico_bench TO portico_bench",
  );
  const tls = "sslmode=verify-ca sslrootcert=/identity/ca.crt gssencmode=disable";
  const user = `user=portico_bench password=${password} dbname=${facts.database}`;
  // No connect_timeout: a client that is held waits.
  return `${user} ${tls} tcp_user_timeout=5000`;
}

/** The ids that the surviving leader has of one contender. */
export async function rowsOf(facts: Facts, contender: string): Promise<ReadonlySet<string>> {
  const leader = await settled(facts, SETTLED_WITHIN_S);
  const query = `SELECT id FROM portico_bench WHERE contender = '${contender}'`;
  return new Set((await sql(leader, facts.database, query)).split("\n"));
}

export async function removeRows(facts: Facts): Promise<void> {
  await sql(await settled(facts, SETTLED_WITHIN_S), facts.database, ...removal);
}

const removal = [
  "SET client_min_messages = warning",
  "DROP TABLE IF EXISTS portico_bench",
  "DROP ROLE IF EXISTS portico_bench",
];
