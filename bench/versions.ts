import { cpus, release, totalmem } from "node:os";

import { exec } from "../tests/support/containers.ts";
import { settled, sql } from "./cluster.ts";
import { MEASURING } from "./contenders.ts";
import type { Facts } from "./facts.ts";

/** What was measured, where and when. */
export interface Versions {
  readonly at: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly postgresql: string;
  readonly patroni: string;
  readonly libpq: string;
  readonly haproxy: string;
}

const LIBPQ = "import psycopg2; print(psycopg2.extensions.libpq_version())";

export async function versionsOf(facts: Facts): Promise<Versions> {
  const leader = await settled(facts, 60);
  const outputOf = async (container: string, ...command: string[]) =>
    (await exec(container, command)).output.trim().split("\n")[0] ?? "";
  return {
    at: new Date().toISOString(),
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    postgresql: (await sql(leader, facts.database, "SHOW server_version")).trim(),
    patroni: await outputOf(leader.container, "patronictl", "version"),
    libpq: await outputOf(MEASURING, "python3", "-c", LIBPQ),
    haproxy: await outputOf(facts.portal.container, "haproxy", "-v"),
  };
}
