import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { exec, execWell, logsOf } from "../../../../tests/support/containers.ts";
import { breakNetwork } from "../../../../tests/support/net-fault.ts";
import type { Cluster, NodeName } from "./cluster.ts";
import { until } from "./image.ts";

const NOTE = "/var/lib/portico/postgresql/rewinding";
/** Patroni's word. */
const COPIED = "replica has been created";

const MB = 1024 * 1024;
/** About 40 MB of a table that a rewound node has to copy as a whole. */
const ROWS = 160_000;

/** A former leader in which pg_rewind is broken off. */
export function rewindTests(cluster: () => Cluster): void {
  test("a node whose leader is lost while pg_rewind copies from it starts no server on what that has left", async () => {
    const { rewound, source, third, began, lift } = await rewind();
    // So that nobody leads until the rewound node's Patroni has tried to start its server.
    await patroni(third, "-p");
    await cluster().kill(source);
    // As where the leader's machine still says that the connection is gone: pg_rewind fails at once.
    await execWell(cluster().container(rewound), ["pkill", "-x", "pg_rewind"], "postgres");
    await lift();
    await untilSaid(rewound, began, "PostgreSQL is not started: pg_rewind was broken off");
    await patroni(third, "-c");
    await untilSaid(rewound, began, COPIED);
    const [, after = ""] = (await logsOf(cluster().container(rewound), began)).split(
      "pg_rewind exit code=1",
    );
    assert.doesNotMatch(after.split(COPIED)[0] ?? "", /LOG: +starting PostgreSQL/);
    await cluster().start(source);
    await cluster().untilWhole(120);
    assert.equal(await cluster().sql(rewound, "SELECT count(*) FROM copied"), String(ROWS));
  });

  test("a node that is killed while pg_rewind works in it copies the leader's data anew", async () => {
    const { rewound, began, lift } = await rewind();
    await cluster().kill(rewound);
    await lift();
    await cluster().start(rewound);
    await untilSaid(rewound, began, COPIED);
    await cluster().untilWhole(120);
    assert.equal(await cluster().sql(rewound, "SELECT count(*) FROM copied"), String(ROWS));
  });

  const patroni = (node: NodeName, signal: "-p" | "-c") => {
    const command = ["s6-svc", signal, "/run/portico/postgres/services/patroni"];
    return execWell(cluster().container(node), command, "postgres");
  };

  /** Kills the leader, and starts it beside the next one, from which it gets only a part of what it has to copy. */
  const rewind = async () => {
    const rewound = await cluster().untilLeader(10);
    await cluster().kill(rewound);
    const source = await cluster().untilLeader(60, rewound);
    const [third = source] = cluster().nodes.filter((node) => node !== source && node !== rewound);
    const many = `SELECT repeat(md5(random()::text), 6) AS filler FROM generate_series(1, ${ROWS})`;
    await cluster().sql(source, `DROP TABLE IF EXISTS copied; CREATE TABLE copied AS ${many}`);
    const over = `tcp sport 5432 quota over ${10 * MB} bytes drop`;
    const fault = { leaving: [`ip daddr ${cluster().address(rewound)} ${over}`] };
    const lift = await breakNetwork(cluster().container(source), fault);
    const began = Math.floor(Date.now() / 1000);
    await cluster().start(rewound);
    await until("pg_rewind at work", 60, async () => {
      const { code } = await exec(cluster().container(rewound), ["test", "-e", NOTE], "postgres");
      return code === 0 ? { is: true } : { not: "not begun" };
    });
    await sleep(3000);
    return { rewound, source, third, began, lift };
  };

  const untilSaid = (node: NodeName, began: number, words: string) =>
    until(words, 120, async () => {
      const said = await logsOf(cluster().container(node), began);
      return said.includes(words) ? { is: true } : { not: said.slice(-500) };
    });
}
