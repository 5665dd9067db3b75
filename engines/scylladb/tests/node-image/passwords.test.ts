import assert from "node:assert/strict";
import { test } from "node:test";

import { exec, logsOf, until } from "../../../../tests/support/containers.ts";
import { docker } from "../../../../tests/support/docker.ts";
import { loneNodeFor } from "../../../../tests/support/lone-node.ts";
import { buildImage } from "./ring.ts";

/** Seconds. A start takes half a minute of a free machine, and others share this one. */
const PATIENCE = 300;
const MEMORY = 640;
const ALARM = /the password of events was changed by hand: it stays so/;

test("Cassandra: a password changed by CQL stays so and raises an alarm, over a restart as well, until the next rotation", async (t) => {
  const image = await buildImage();
  const secretsWith = (app: string) => ({ app, admin: "ADMIN", portal: "PORTAL" });
  const { id, put } = await loneNodeFor(t, {
    image,
    name: "events-1",
    memory: MEMORY,
    description: { user: "events", database: "events" },
    secrets: secretsWith("leaked"),
    pairs: ["peer"],
  });
  const ask = (password: string, statement: string, user = "events") =>
    exec(id, ["cql", statement], "", [`CQL_USER=${user}`, `CQL_PASSWORD=${password}`]);
  /** Cassandra lets a password be changed every five seconds. */
  const alter = (by: string, role: string, password: string, user?: string) =>
    until(`another password of ${role}`, PATIENCE, async () => {
      const { code, output } = await ask(
        by,
        `ALTER ROLE ${role} WITH PASSWORD = '${password}'`,
        user,
      );
      if (code !== 0) throw new Error(output);
      return true;
    });
  /** Refused for its password, not for a server that is away. */
  const login = async (password: string, user?: string) => {
    const { code, output } = await ask(password, "SELECT key FROM system.local", user);
    if (code === 0) return true;
    if (/and\/or password are incorrect/.test(output)) return false;
    throw new Error(output);
  };
  const health = async () => {
    const { code, output } = await exec(id, ["sh", "/usr/local/lib/portico/health"]);
    return code === 0 && output;
  };
  const reports = async (what: RegExp) => what.test((await health()) || "");
  const restart = async () => {
    await docker.getContainer(id).restart();
    await until("the node's health after its restart", PATIENCE, health);
  };
  const alarms = async () =>
    (await logsOf(id)).split(/"level": "error".*changed by hand: it stays so.*"alarm": true/)
      .length - 1;
  await until("the first password", PATIENCE, () => login("leaked"));
  await until("the node's health", PATIENCE, health);

  await alter("leaked", "events", "by hand");
  await until("the alarm", PATIENCE, () => reports(ALARM));
  assert.equal(await alarms(), 1);
  await restart();
  assert.equal(await login("by hand"), true, "the start has undone it");
  assert.equal(await login("leaked"), false, "the leaked password lets in again");
  await until("the alarm after the restart", PATIENCE, () => reports(ALARM));

  // What the cluster itself logs in with is set back.
  await alter("ADMIN", "portal", "by hand", "admin");
  await until("the portal's own password", PATIENCE, () => login("PORTAL", "portal"));
  assert.match(await logsOf(id), /"level": "error".*the password of portal was changed by hand/);

  await put("secrets.json", JSON.stringify(secretsWith("of the next rotation")));
  await until("the password of the next rotation", PATIENCE, () => login("of the next rotation"));
  assert.equal(await login("by hand"), false);
  await until("the end of the alarm", PATIENCE, async () => {
    const output = await health();
    return output !== false && !ALARM.test(output);
  });
  await restart();
  assert.equal(await login("of the next rotation"), true);

  // Once: changed by hand again, it isn't given a second time.
  await alter("of the next rotation", "events", "again by hand");
  await until("the alarm once more", PATIENCE, () => reports(ALARM));
  assert.equal(await login("again by hand"), true);
});
