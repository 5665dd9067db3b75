import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { access, cp, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

import { execa } from "execa";
import pg from "pg";
import { farewell } from "../../engines/postgresql/tests/client.ts";
import { freePorts } from "../../tools/setup/free-place.ts";
import { runOnce, until } from "../support/containers.ts";
import { docker } from "../support/docker.ts";

const PROJECT = resolve(import.meta.dirname, "../..");
const PARTS = [
  ...["Pulumi.yaml", "Pulumi.local.example.yaml", "package.json", "package-lock.json"],
  ...["infra", "components", "proxy-image", "engines", "tools"],
];

/** Another copy of the project, with a stack of its own: what runs in this one is not touched. */
async function copyOfProject(stack: string) {
  const folder = await mkdtemp(join(tmpdir(), "portico-clone-"));
  for (const part of PARTS) await cp(join(PROJECT, part), join(folder, part), { recursive: true });
  await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"));
  const config = {
    "portico:target": "local",
    // The range is left to npm start, which then lets this machine in.
    "portico:local": { name: stack, firstPort: await freePorts(30_100 + 20 * randomInt(100)) },
    "portico:deployments": {
      // One node is all that this is about.
      orders: { engine: "postgresql", nodes: 1, portals: 1, durability: "async", whitelist: {} },
    },
  };
  await writeFile(join(folder, "Pulumi.local.yaml"), JSON.stringify({ config }));
  const begin = (...args: string[]) => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    return execa("node", ["tools/run.js", ...args], {
      ...{ cwd: folder, env, extendEnv: false, stdin: "ignore" },
      // Interrupted, it ends what is under way first, which may take longer than execa waits.
      ...{ reject: false, all: true, timeout: 600_000, forceKillAfterDelay: false },
    });
  };
  const run = async (...args: string[]) => {
    const { all, stdout, exitCode } = await begin(...args);
    assert.equal(exitCode, 0, all);
    return { output: all, stdout };
  };
  return { folder, begin, run };
}

/** Names of what Docker has of a stack. */
async function present(stack: string) {
  const filters = { label: [`portico.stack=${stack}`] };
  const [containers, networks, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  return {
    containers: containers.map(({ Names }) => Names[0]?.slice(1)).sort(),
    networks: networks.length,
    volumes: (Volumes ?? []).map(({ Name }) => Name).sort(),
  };
}

/** One statement by the printed URI, as it is but for the password, which pg doesn't look for in a file; it reads the CA file, and verifies. */
async function query(uri: string, statement: string): Promise<readonly object[]> {
  const connectionString = uri.replace("@", `:${await passwordIn(uri)}@`);
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 60_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query(statement)).rows;
  } finally {
    await farewell(client);
  }
}

const passfileOf = (uri: string): string => new URL(uri).searchParams.get("passfile") ?? "";

const passwordIn = async (uri: string): Promise<string> =>
  (await readFile(passfileOf(uri), "utf8")).trim().split(":").at(-1) ?? "";

/** What is printed, as it is, with the psql of the node's image. */
async function psql(uri: string, folder: string, node: string): Promise<string> {
  const { Image: image } = await docker.getContainer(node).inspect();
  const command = ["psql", uri, "-AtXc", "SELECT 'answered'"];
  const binds = [`${folder}/.portico:${folder}/.portico:ro`];
  return (await runOnce({ image, command, network: "host", binds })).output.trim();
}

const printed = (output: string): string => /primary: psql "(\S+)"/.exec(output)?.[1] ?? "";

test("npm start brings the stack up, mends it and finds its data again; npm stop keeps them; npm stop -- --volumes leaves nothing", {
  timeout: 1_500_000,
}, async (t) => {
  const stack = `clone-${randomInt(36 ** 5).toString(36)}`;
  const { folder, begin, run } = await copyOfProject(stack);
  t.after(async () => {
    if ((await present(stack)).volumes.length > 0) await run("stop", "--volumes");
    await rm(folder, { recursive: true, force: true });
  });
  const [node, portal] = [`${stack}-orders-1`, `${stack}-orders-portal-1`];
  const row = [{ id: "kept" }];

  const broken = begin("start");
  await until("the first container", 500, async () => (await present(stack)).containers[0]);
  broken.kill("SIGTERM");
  const { exitCode, all } = await broken;
  assert.equal(exitCode, 130, all);

  const first = await run("start");
  const uri = printed(first.output);
  assert.match(uri, /^postgresql:\/\/orders@127\.0\.0\.1:\d+\/orders\?/, first.output);
  const password = await passwordIn(uri);
  assert.match(password, /^[\w-]{32}$/);
  assert.ok(!first.output.includes(password), "no password is printed");
  assert.equal((await stat(passfileOf(uri))).mode & 0o777, 0o600);
  assert.equal(await psql(uri, folder, node), "answered");
  await query(uri, "CREATE TABLE kept AS SELECT 'kept' AS id");
  assert.deepEqual((await present(stack)).containers, [node, portal]);

  const limits = await Promise.all(
    [node, portal].map(async (name) => {
      const { HostConfig } = await docker.getContainer(name).inspect();
      return HostConfig.PidsLimit;
    }),
  );
  assert.deepEqual(limits, [4096, 1024]);

  const { stdout } = await run(
    ...["pulumi", "stack", "output", "deployments", "--json", "--show-secrets", "-s", "local"],
  );
  const { uri: full } = JSON.parse(stdout).orders.endpoints.primary;
  assert.match(full, new RegExp(`//orders:${password}@`), "stdout is nothing but JSON");

  await docker.getContainer(node).kill();
  await run("start");
  assert.deepEqual(await query(uri, "SELECT id FROM kept"), row, "after the death of all nodes");

  // As an interrupted run may leave it: in a network that has to go.
  const { Image: image } = await docker.getContainer(node).inspect();
  const stray = await docker.createContainer({
    ...{ name: `${stack}-orders-2`, Image: image, Entrypoint: ["sleep", "600"] },
    ...{ Labels: { "portico.stack": stack }, HostConfig: { NetworkMode: `${stack}-orders` } },
  });
  await stray.start();
  // As a removal needs it, which didn't come to its end.
  await run("pulumi", "state", "unprotect", "--all", "--yes", "-s", "local");
  const stopped = await run("stop");
  assert.match(stopped.output, /The data, .* stay/);
  const kept = await present(stack);
  assert.deepEqual([kept.containers, kept.networks], [[], 0]);
  assert.ok(kept.volumes.includes(`${stack}-orders-1-data`), kept.volumes.join());

  const again = await run("start", "--show-secrets");
  assert.ok(again.output.includes(full), "asked for, the whole URI is printed");
  assert.equal(printed(again.output), uri, "the same password at the same place");
  assert.deepEqual(await query(uri, "SELECT id FROM kept"), row, "after npm stop");

  await run("stop", "--volumes");
  assert.deepEqual(await present(stack), { containers: [], networks: 0, volumes: [] });
  await assert.rejects(access(join(folder, ".portico")), "neither state nor passphrase nor keys");
  const config = await readFile(join(folder, "Pulumi.local.yaml"), "utf8");
  assert.ok(config.includes(stack), config);
  assert.doesNotMatch(config, /encryptionsalt/);
  assert.match((await run("stop", "--volumes")).output, /no local stack here/);

  // A salt of the former passphrase would be in the way of the new one.
  await run("pulumi", "stack", "init", "--no-select", "-s", "local");
  await run("stop", "--volumes");
  await assert.rejects(access(join(folder, ".portico")));
});
