import assert from "node:assert/strict";
import { after, test } from "node:test";

import { adding } from "../../engines/redis/tests/client.ts";
import { freePorts } from "../../tools/setup/free-place.ts";
import { addressOf, type Cluster, containerOf } from "../support/cluster.ts";
import { until } from "../support/containers.ts";
import { docker } from "../support/docker.ts";
import { sshClientFor, sshKey } from "../support/ssh-client.ts";

interface Ssh {
  readonly hosts: readonly {
    readonly host: string;
    readonly port: number;
    readonly hostKey: string;
  }[];
  readonly user: string;
  readonly forwardTo: Readonly<Record<string, string>>;
}

const ann = sshKey();
const bob = sshKey();

/** What the deployment of these tests begins with. */
export const ANNS = { ssh: { keys: { ann: `${ann.publicKey} ann@laptop` } } };

/** A Redis deployment, made with `ANNS`, through its SSH portals. Leaves it with another key. */
export async function servesOverSsh(cluster: Cluster): Promise<void> {
  const { outputs, stack, config } = cluster;
  const { hosts, user, forwardTo } = (outputs as typeof outputs & { readonly ssh: Ssh }).ssh;
  const [portal] = hosts;
  assert.ok(portal);
  const local = await freePorts(61_100);

  // The client and its tunnels are for the whole file.
  const cleanups: (() => unknown)[] = [];
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });
  const client = await sshClientFor(
    { after: (cleanup) => void cleanups.push(cleanup as () => unknown) },
    { network: "host", keys: { ann: ann.privateKey, bob: bob.privateKey }, portal },
  );

  /** A write through the tunnel, on a connection of its own: plain, for SSH has encrypted it. Resolves with the node that took it. */
  async function write(): Promise<string> {
    const { password, database, ca, user } = outputs;
    const target = { host: "127.0.0.1", port: local, user, password, database, ca, plain: true };
    const session = await adding("tunnelled").connect(target);
    try {
      return await session.write(`${Date.now()}`);
    } finally {
      await session.end();
    }
  }

  const addresses = await Promise.all(cluster.nodes.map((node) => addressOf(cluster, node)));

  async function containerIds(): Promise<readonly string[]> {
    const names = [...cluster.nodes, ...cluster.portals].map((name) => containerOf(cluster, name));
    return Promise.all(names.map(async (name) => (await docker.getContainer(name).inspect()).Id));
  }

  test("redis: a tunnel opens with what the outputs say, the host key checked, and leads to the leader", async () => {
    assert.deepEqual([user, hosts.length], ["tunnel", 2]);
    assert.equal(new Set(hosts.map(({ hostKey }) => hostKey)).size, 2);
    assert.deepEqual(forwardTo, { primary: "127.0.0.1:6379", replica: "127.0.0.1:6380" });

    const { code } = await client.open("ann", "ann", `-L 127.0.0.1:${local}:${forwardTo.primary}`);
    assert.equal(code, 0, (await client.sh("cat /tmp/ann.err")).output);
    assert.ok(addresses.includes(await until("a write through the tunnel", 30, write)));
  });

  test("redis: when the leader dies, a new connection through the same tunnel reaches the next one", async () => {
    const old = await write();
    const node = cluster.nodes[addresses.indexOf(old)];
    assert.ok(node);

    await docker.getContainer(containerOf(cluster, node)).kill();
    const next = await until("a write through the tunnel", 90, write);
    await docker.getContainer(containerOf(cluster, node)).start();

    assert.notEqual(next, old);
    assert.ok(addresses.includes(next));
    assert.ok(await client.lives("ann"), "the tunnel itself saw nothing of it");
  });

  test("redis: another list of SSH keys is one update in place: one comes in, the other's tunnel ends, no container is touched", async () => {
    const before = await containerIds();
    await stack.configure(config({ ssh: { keys: { bob: bob.publicKey } } }));
    const { steps } = await stack.preview();
    const changed = steps
      .filter(({ op }) => op !== "same")
      .map(({ op, urn }) => [op, urn.split("::").at(-2)]);
    assert.deepEqual(
      changed.map(([op, type]) => [op, String(type).split("$").at(-1)]),
      [["update", "portico:index:Document"]],
    );

    await stack.up();

    await until("ann's tunnel is over", 10, async () => !(await client.lives("ann")));
    assert.match((await client.ssh("ann", "-N")).output, /Permission denied/);
    assert.equal((await client.open("bob", "bob", "")).code, 0);
    assert.deepEqual(await containerIds(), before);
  });
}
