import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { closedToOthers } from "../../../../tests/support/closed-files.ts";
import { exec } from "../../../../tests/support/containers.ts";
import { docker } from "../../../../tests/support/docker.ts";
import { buildImage, Ring } from "./ring.ts";

/** Seconds. A start takes half a minute of a free machine, and others share this one. */
const PATIENCE = 300;
const ROWS = "SELECT count(*) FROM app.rows";

describe("ScyllaDB's stand-in, Cassandra", () => {
  let ring: Ring;
  before(async () => {
    ring = await Ring.create(`ring${process.pid}`, "10.251.31", await buildImage());
    await ring.untilWhole(PATIENCE);
  });
  after(() => ring?.remove());

  test("three nodes form their ring by themselves, and the application may create what it needs", async () => {
    await ring.cql(
      "events-1",
      "CREATE KEYSPACE app WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 3}",
      "app",
    );
    await ring.cql("events-2", "CREATE TABLE app.rows (id int PRIMARY KEY)", "app");
    for (const id of [1, 2, 3])
      await ring.cql("events-3", `INSERT INTO app.rows (id) VALUES (${id})`, "app");

    for (const node of ring.nodes) assert.equal(await ring.cql(node, ROWS, "app"), "3");
  });

  test("Cassandra's factory login is closed, and nobody but the administrator sees or changes logins", async () => {
    await assert.rejects(ring.cql("events-1", ROWS, "cassandra"), /not permitted to log in/);
    for (const user of ["app", "portal"] as const) {
      await assert.rejects(ring.cql("events-1", "SELECT * FROM system_auth.roles", user));
      for (const statement of ["SELECT * FROM portico.passwords", "TRUNCATE portico.passwords"])
        await assert.rejects(ring.cql("events-1", statement, user), /has no \w+ permission/);
      await assert.rejects(
        ring.cql("events-1", `ALTER ROLE "${user}" WITH SUPERUSER = true`, user),
      );
    }
    await assert.rejects(ring.cql("events-1", ROWS, "portal"));
    await assert.rejects(ring.cql("events-1", "CREATE KEYSPACE x WITH replication = {}", "portal"));
  });

  test("no process is root, and none keeps a capability", async () => {
    const { output } = await exec(ring.container("events-1"), [
      "sh",
      "-c",
      "cat /proc/1/status; for p in $(cat /proc/1/task/1/children); do cat /proc/$p/status; done",
    ]);
    const values = (key: string) =>
      [...output.matchAll(new RegExp(`^${key}:\\s+(\\S+)`, "gm"))].map(([, value]) => value);

    assert.deepEqual(values("Name"), ["python3", "java"]);
    assert.ok(values("Uid").every((uid) => uid !== "0"));
    assert.ok(values("CapEff").every((set) => Number(`0x${set}`) === 0));
  });

  test("each user of a node reads its own secrets alone, and changes neither settings nor programs", () =>
    closedToOthers(ring.container("events-1"), { cassandra: "all" }));

  test("a node that was killed comes back, with what was written meanwhile", async () => {
    await ring.kill("events-2");
    await ring.cql("events-1", "INSERT INTO app.rows (id) VALUES (4)", "app");
    await ring.start("events-2");
    await ring.untilWhole(PATIENCE);

    assert.equal(await ring.cql("events-2", ROWS, "app"), "4");
  });

  test("all nodes killed at once come back with everything", async () => {
    await ring.kill(...ring.nodes);
    await ring.start(...ring.nodes);
    await ring.untilWhole(PATIENCE);

    for (const node of ring.nodes) assert.equal(await ring.cql(node, ROWS, "app"), "4");
  });

  test("a node that lost its volume takes its former self's place, and streams its data: whatever the application's password is", async () => {
    await ring.cql("events-1", "ALTER ROLE events WITH PASSWORD = 'by hand'", "app");
    ring.secrets.app = "by hand";
    await ring.lose("events-3");
    await ring.createNode("events-3");
    await ring.untilWhole(PATIENCE);

    await docker.getContainer(ring.container("events-1")).stop();
    assert.equal(await ring.cql("events-3", ROWS, "app"), "4");
    await ring.start("events-1");
    await ring.untilWhole(PATIENCE);
  });
});
