import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { exec, until } from "../support/containers.ts";
import { docker, imageOf } from "../support/docker.ts";
import { loneNodeFor } from "../support/lone-node.ts";

const SOURCE = fileURLToPath(new URL("../../node-image/rabbitmq", import.meta.url));
const PATIENCE = 240;
const MEMORY = 512;
const NAME = "jobs-1";

test("RabbitMQ: a new password is taken without a restart, and the old one ends", async (t) => {
  const image = await imageOf("node-rabbitmq", SOURCE, ["Dockerfile", "image", "launch"]);
  const secretsWith = (app: string) => ({ app, cookie: "COOKIE" });
  const { id, put } = await loneNodeFor(t, {
    image,
    name: NAME,
    memory: MEMORY,
    description: { user: "jobs", database: "jobs" },
    secrets: secretsWith("a-password"),
    pairs: ["peer"],
  });
  const login = async (password: string): Promise<boolean> =>
    (await exec(id, ["rabbitmqctl", "authenticate_user", "jobs", password])).code === 0;

  await until("the first password", PATIENCE, () => login("a-password"));
  const { State } = await docker.getContainer(id).inspect();
  await put("secrets.json", JSON.stringify(secretsWith("of the next rotation")));
  await until("the new password", PATIENCE, () => login("of the next rotation"));

  assert.equal(await login("a-password"), false);
  assert.equal((await docker.getContainer(id).inspect()).State.StartedAt, State.StartedAt);
  const { output } = await exec(id, ["cat", "/etc/portico/node/secrets.json"], "nobody");
  assert.match(output, /Permission denied/);
});
